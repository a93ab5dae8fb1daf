with source as (
    select * from {{ source('raw', 'zendesk__tickets') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('via', {'channel': 'VARCHAR'}) }}.channel as contact_channel,
        {{ json_fields('metric_set', {'solved_at': 'VARCHAR'}) }}.solved_at as solved_text,
        {{ json_fields('requester', {'email': 'VARCHAR', 'external_id': 'VARCHAR'}) }} as person
    from source
),

renamed as (
    select
        'zendesk' as source,
        {{ key_of(["'ticket'", 'id']) }} as record_key,
        id as ticket_id,
        'zendesk_user_id' as identifier_type,
        requester_id as identifier_value,
        requester_id as zendesk_user_id,
        {{ clean_email('person.email') }} as email,
        {{ clean_text('person.external_id') }} as user_id,
        'support' as family,
        -- Written by an agent on somebody's behalf: the customer was spoken to, and did not ask.
        case when submitter_id <> requester_id then 'outbound' else 'inbound' end as direction,
        contact_channel,
        lower(status) as status,
        {{ utc_instant('created_at') }} as created_at,
        {{ utc_instant('updated_at') }} as updated_at,
        {{ utc_instant('solved_text') }} as solved_at,
        -- A deleted ticket is spam or scrubbed; a merged one repeats the touch of the ticket it went into.
        lower(status) <> 'deleted' and not coalesce(tags like '%"closed_by_merge"%', false) as is_countable,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
)

select * from renamed
