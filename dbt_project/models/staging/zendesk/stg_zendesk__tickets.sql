with source as (
    select * from {{ source('raw', 'zendesk__tickets') }}
    where _is_current
),

-- Only staff can be given a ticket: whoever was is no customer, wherever they appear.
agents as (
    select distinct assignee_id as agent_id from source
    where assignee_id is not null
),

parsed as (
    select
        source.*,
        -- A mail that staff forwarded opens a ticket in the forwarder's name; the customer behind it is not told.
        agents.agent_id is not null as is_from_agent,
        {{ json_fields('via', {'channel': 'VARCHAR'}) }}.channel as contact_channel,
        {{ json_fields('metric_set', {
            'solved_at': 'VARCHAR', 'reopens': 'VARCHAR', 'reply_time_in_minutes': {'calendar': 'VARCHAR'}
        }) }} as metrics,
        {{ json_fields('requester', {'email': 'VARCHAR', 'external_id': 'VARCHAR'}) }} as person
    from source
    left join agents on source.requester_id = agents.agent_id
),

renamed as (
    select
        'zendesk' as source,
        {{ key_of(["'ticket'", 'id']) }} as record_key,
        id as ticket_id,
        case when not is_from_agent then 'zendesk_user_id' end as identifier_type,
        case when not is_from_agent then requester_id end as identifier_value,
        case when not is_from_agent then requester_id end as zendesk_user_id,
        case when not is_from_agent then {{ clean_email('person.email') }} end as email,
        case when not is_from_agent then {{ clean_text('person.external_id') }} end as user_id,
        'support' as family,
        -- Written by an agent on somebody's behalf: the customer was spoken to, and did not ask.
        case when submitter_id <> requester_id then 'outbound' else 'inbound' end as direction,
        contact_channel,
        lower(status) as status,
        {{ utc_instant('created_at') }} as created_at,
        {{ utc_instant('updated_at') }} as updated_at,
        {{ utc_instant('metrics.solved_at') }} as solved_at,
        try_cast(metrics.reply_time_in_minutes.calendar as bigint) * 60 as first_reply_seconds,
        case when metrics.reply_time_in_minutes is not null then 'calendar' end as reply_clock,
        try_cast(metrics.reopens as bigint) as reopens,
        lower({{ clean_text('type') }}) as ticket_type,
        {{ json_words('tags') }} as tags,
        -- A deleted ticket is spam or scrubbed; a merged one repeats the touch of the ticket it went into.
        lower(status) <> 'deleted' and not coalesce(tags like '%"closed_by_merge"%', false) as is_countable,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
)

select * from renamed
