with source as (
    select * from {{ source('raw', 'zendesk__satisfaction_ratings') }}
    where _is_current
),

-- `offered` and its relatives are invitations: they count for the response rate and never as an answer.
renamed as (
    select
        'zendesk' as source,
        {{ key_of(["'rating'", 'id']) }} as record_key,
        id as rating_id,
        'CSAT' as instrument,
        0 as scale_min,
        1 as scale_max,
        case when score like 'good%' then 1 when score like 'bad%' then 0 end as score,
        score as score_label,
        'support' as family,
        'zendesk_user_id' as identifier_type,
        requester_id as identifier_value,
        requester_id as zendesk_user_id,
        {{ utc_instant('created_at') }} as asked_at,
        {{ utc_instant('updated_at') }} as answered_at,
        'ticket' as about_type,
        ticket_id as about_ref,
        true as is_complete,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
