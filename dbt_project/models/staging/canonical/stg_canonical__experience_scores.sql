with source as (
    select * from {{ source('raw', 'canonical__experience_scores') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'score'", 'system', 'score_id']) }} as record_key,
        instrument,
        {{ clean_money('scale_min') }} as scale_min,
        {{ clean_money('scale_max') }} as scale_max,
        {{ clean_money('value') }} as score,
        case
            when about_type in ('ticket', 'conversation') then 'support'
            when about_type = 'order' then 'commerce'
            else 'feedback'
        end as family,
        label,
        comment,
        identifier_type,
        {{ clean_identifier('identifier_type', 'identifier_value') }} as identifier_value,
        {{ any_instant('answered_at') }} as answered_at,
        {{ any_instant('asked_at') }} as asked_at,
        coalesce(about_type, 'relationship') as about_type,
        about_ref,
        response_channel,
        coalesce({{ clean_flag('is_complete') }}, true) as is_complete,
        -- A preview is no answer, and an answer that was replaced is none any more.
        not coalesce({{ clean_flag('is_spam_or_preview') }}, false) and superseded_by is null as is_answer,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
