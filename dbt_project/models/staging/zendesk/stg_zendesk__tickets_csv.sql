with source as (
    select * from {{ source('raw', 'zendesk__tickets_csv') }}
    where _is_current
),

renamed as (
    select
        'zendesk' as source,
        {{ key_of(["'ticket'", 'id']) }} as record_key,
        id as ticket_id,
        'zendesk_user_id' as identifier_type,
        requester_id as identifier_value,
        requester_id as zendesk_user_id,
        {{ clean_email('requester_email') }} as email,
        {{ clean_text('requester_external_id') }} as user_id,
        'support' as family,
        'inbound' as direction,
        lower(via) as contact_channel,
        lower(status) as status,
        'CSAT' as instrument,
        0 as scale_min,
        1 as scale_max,
        -- Offered and Not Offered are no answers.
        case
            when lower(satisfaction_score) like 'good%' then 1
            when lower(satisfaction_score) like 'bad%' then 0
        end as score,
        satisfaction_score as label,
        'ticket' as about_type,
        id as about_ref,
        true as is_complete,
        {{ local_to_utc('created_at', var('zendesk_csv_time_zone')) }} as created_at,
        {{ local_to_utc('updated_at', var('zendesk_csv_time_zone')) }} as updated_at,
        {{ local_to_utc('solved_at', var('zendesk_csv_time_zone')) }} as solved_at,
        try_cast(first_reply_time_in_minutes as bigint) * 60 as first_reply_seconds,
        'calendar' as reply_clock,
        try_cast(reopens as bigint) as reopens,
        lower({{ clean_text('ticket_type') }}) as ticket_type,
        lower({{ clean_text('tags') }}) as tags,
        lower(status) <> 'deleted'
            and not coalesce(list_contains(string_split(tags, ' '), 'closed_by_merge'), false) as is_countable,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
