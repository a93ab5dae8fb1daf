with source as (
    select * from {{ source('raw', 'canonical__experiment_assignments') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'experiment_assignment'", 'experiment_id', 'variant', 'identifier_type', 'identifier_value', 'assigned_at']) }}
            as record_key,
        experiment_id,
        variant,
        identifier_type,
        {{ clean_identifier('identifier_type', 'identifier_value') }} as identifier_value,
        {{ any_instant('assigned_at') }} as assigned_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
