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
        {{ local_to_utc('created_at', var('zendesk_csv_time_zone')) }} as created_at,
        {{ local_to_utc('updated_at', var('zendesk_csv_time_zone')) }} as updated_at,
        {{ local_to_utc('solved_at', var('zendesk_csv_time_zone')) }} as solved_at,
        lower(status) <> 'deleted'
            and not coalesce(list_contains(string_split(tags, ' '), 'closed_by_merge'), false) as is_countable,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
