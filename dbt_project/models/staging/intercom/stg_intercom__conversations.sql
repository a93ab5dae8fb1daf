with source as (
    select * from {{ source('raw', 'intercom__conversations') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('source', {
            'type': 'VARCHAR', 'delivered_as': 'VARCHAR', 'url': 'VARCHAR',
            'author': {'type': 'VARCHAR', 'id': 'VARCHAR'}
        }) }} as opening,
        {{ json_fields('contacts', {'contacts': [{'id': 'VARCHAR', 'external_id': 'VARCHAR'}]}) }}.contacts as people,
        {{ json_fields('conversation_rating', {
            'rating': 'VARCHAR', 'remark': 'VARCHAR', 'created_at': 'VARCHAR', 'updated_at': 'VARCHAR'
        }) }} as rating,
        {{ json_fields('statistics', {
            'last_close_at': 'VARCHAR', 'first_admin_reply_at': 'VARCHAR', 'time_to_admin_reply': 'VARCHAR',
            'count_reopens': 'VARCHAR'
        }) }} as statistics_told,
        {{ json_fields('tags', {'tags': [{'name': 'VARCHAR'}]}) }}.tags as tags_told
    from source
),

opened as (
    select
        *,
        opening.author.type in ('user', 'contact', 'lead') as is_person_first,
        -- Staff and robots write first as well; the channel says who began, else the author does.
        coalesce(opening.delivered_as = 'customer_initiated', opening.author.type in ('user', 'contact', 'lead'), false)
            as is_inbound
    from parsed
),

renamed as (
    select
        'intercom' as source,
        {{ key_of(["'conversation'", 'id']) }} as record_key,
        id as conversation_id,
        case when coalesce(case when is_person_first then opening.author.id end, people[1].id) is not null
            then 'intercom_contact_id'
        end as identifier_type,
        coalesce(case when is_person_first then opening.author.id end, people[1].id) as identifier_value,
        'support' as family,
        case when is_inbound then 'inbound' else 'outbound' end as direction,
        -- What the company sent is no question a customer asked.
        case when is_inbound then 'conversation_started' else 'message_sent' end as interaction_type,
        opening.type as contact_channel,
        opening.delivered_as,
        {{ url_path('opening.url') }} as page_path,
        lower(state) as state,
        {{ epoch_seconds('created_at') }} as occurred_at,
        {{ epoch_seconds('updated_at') }} as updated_at,
        case when lower(state) = 'closed' then {{ epoch_seconds('statistics_told.last_close_at') }} end as closed_at,
        -- What Intercom counts leaves out the hours in which the office is closed; the instant of the reply does not.
        coalesce(
            {{ seconds_between(epoch_seconds('created_at'), epoch_seconds('statistics_told.first_admin_reply_at')) }},
            try_cast(statistics_told.time_to_admin_reply as double)
        ) as first_reply_seconds,
        case
            when statistics_told.first_admin_reply_at is not null then 'calendar'
            when statistics is not null then 'office_hours'
        end as reply_clock,
        try_cast(statistics_told.count_reopens as bigint) as reopens,
        {{ joined_words('tags_told', 'name') }} as tags,
        'CSAT' as instrument,
        1 as scale_min,
        5 as scale_max,
        case
            when try_cast(rating.rating as integer) between 1 and 5 then try_cast(rating.rating as integer)
        end as score,
        {{ plain_text('rating.remark') }} as comment,
        'conversation' as about_type,
        id as about_ref,
        opening.type as response_channel,
        true as is_complete,
        {{ epoch_seconds('rating.created_at') }} as asked_at,
        -- The rating is created when the customer is asked, and changed when they answer.
        {{ epoch_seconds('coalesce(rating.updated_at, rating.created_at)') }} as answered_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from opened
)

select * from renamed
