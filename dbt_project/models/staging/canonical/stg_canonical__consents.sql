with source as (
    select * from {{ source('raw', 'canonical__consents') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'consent'", 'system', 'identifier_type', 'identifier_value', 'purpose', 'occurred_at']) }} as record_key,
        identifier_type,
        {{ clean_identifier('identifier_type', 'identifier_value') }} as identifier_value,
        purpose,
        state,
        {{ any_instant('occurred_at') }} as occurred_at,
        {{ any_instant('valid_until') }} as valid_until,
        legal_basis,
        coalesce(method, 'import') as method,
        jurisdiction,
        policy_version,
        evidence_ref,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
