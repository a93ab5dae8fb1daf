{#-
Messages in the words of the Segment spec, which Segment and RudderStack write alike: parsed, attributed, and what they
say about consent. The staging models of both sources are these macros with another name.
Add what the spec says; what only one of the two writes belongs in its staging model.
-#}

{#- The delivered messages of one source object, each field read once. -#}
{% macro parsed_messages(delivered) -%}
{%- set source_name = delivered.split('__')[0] -%}
with source as (
    select * from {{ source('raw', delivered) }}
    where _is_current
),

{%- set order_names = ['order_id', 'orderid', 'order_number', 'ordernumber', 'transaction_id', 'transactionid'] %}
{%- set traits = {
    'email': 'VARCHAR', 'phone': 'VARCHAR', 'plan': 'VARCHAR', 'title': 'VARCHAR', 'industry': 'VARCHAR',
    'name': 'VARCHAR', 'company': {'name': 'VARCHAR'}, 'address': {'country': 'VARCHAR'}
} %}

parsed as (
    select
        *,
        {{ json_fields('context', {
            'page': {'url': 'VARCHAR', 'referrer': 'VARCHAR'},
            'campaign': {
                'name': 'VARCHAR', 'source': 'VARCHAR', 'medium': 'VARCHAR', 'term': 'VARCHAR', 'content': 'VARCHAR'
            },
            'device': {'id': 'VARCHAR', 'advertisingId': 'VARCHAR', 'type': 'VARCHAR'},
            'app': {'name': 'VARCHAR'},
            'consent': {'categoryPreferences': 'MAP(VARCHAR, VARCHAR)'},
            'traits': traits,
            'userAgent': 'VARCHAR',
            'sessionId': 'VARCHAR'
        }) }} as around,
        {{ json_fields('traits', traits) }} as told
    from source
),

unpacked as (
    select
        *,
        lower(trim(type)) as message_type,
        {{ json_loose_names('properties') }} as param_names,
        {{ json_loose_texts('properties') }} as param_texts,
        -- An account has a mail address and a plan too: only what is said of the person is the person's.
        case when lower(trim(type)) = 'identify' then told end as person,
        {{ utc_instant('event_timestamp') }} as occurred_at,
        {{ utc_instant('sent_at') }} as sent_instant,
        {{ utc_instant('received_at') }} as received_instant
    from parsed
),

located as (
    select
        *,
        -- A page call says which page it is; the context may still hold the one before in a single-page app.
        coalesce(
            case when message_type = 'page' then {{ clean_text(json_param('url')) }} end,
            {{ clean_text('around.page.url') }}
        ) as page_url,
        coalesce(
            case when message_type = 'page' then {{ clean_text(json_param('referrer')) }} end,
            {{ clean_text('around.page.referrer') }}
        ) as page_referrer,
        coalesce({{ clean_text('event') }}, case when message_type in ('page', 'screen') then message_type end)
            as event_name
    from unpacked
),

renamed as (
    select
        '{{ source_name }}' as source,
        {{ key_of(["'message'", 'message_id']) }} as record_key,
        message_type,
        event_name,
        {{ event_key('event_name') }} as event_key,
        {{ clean_device_id('anonymous_id') }} as segment_anonymous_id,
        {{ clean_user_id('user_id') }} as user_id,
        -- The login id of many a shop is the mail address; it is read as one.
        coalesce(
            {{ clean_email('user_id') }}, {{ clean_email('person.email') }}, {{ clean_email('around.traits.email') }}
        ) as email,
        coalesce({{ clean_phone('person.phone') }}, {{ clean_phone('around.traits.phone') }}) as phone,
        -- The former id of an alias is an anonymous one when it is written like those, a login id otherwise.
        case
            when message_type = 'alias' and regexp_matches(previous_id, '^[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}$')
                then previous_id
        end as previous_segment_anonymous_id,
        case
            when message_type = 'alias' and not regexp_matches(previous_id, '^[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}$')
                then {{ clean_user_id('previous_id') }}
        end as previous_user_id,
        case when message_type = 'alias' then {{ clean_email('previous_id') }} end as previous_email,
        {{ clean_device_id('around.device.id') }} as device_id,
        {{ clean_device_id('around.device.advertisingId') }} as advertising_id,
        occurred_at,
        -- A device whose clock is days off; occurred_at was put right by the time between sending and receiving.
        coalesce(abs(epoch(sent_instant) - epoch(received_instant)) > 86400, false) as is_device_clock_wrong,
        coalesce(lower(channel) = 'server', false) as is_from_server,
        {{ clean_text('around.app.name') }} is not null
            or message_type = 'screen'
            or coalesce(lower(channel) = 'mobile', false) as is_from_app,
        {{ url_host('page_url') }} as page_host,
        {{ url_path('page_url') }} as page_path,
        {{ url_host('page_referrer') }} as referrer_host,
        lower(coalesce({{ clean_text('around.campaign.source') }}, {{ url_param('page_url', 'utm_source') }}))
            as tagged_source,
        lower(coalesce({{ clean_text('around.campaign.medium') }}, {{ url_param('page_url', 'utm_medium') }}))
            as tagged_medium,
        coalesce({{ clean_text('around.campaign.name') }}, {{ url_param('page_url', 'utm_campaign') }}) as campaign,
        coalesce({{ clean_text('around.campaign.content') }}, {{ url_param('page_url', 'utm_content') }}) as content,
        coalesce({{ clean_text('around.campaign.term') }}, {{ url_param('page_url', 'utm_term') }}) as term,
        {{ link_euid('page_url') }} as mailchimp_euid,
        {{- click_ids_of('page_url') }}
        {{ clean_text('around.sessionId') }} as session_ref,
        {{ clean_text('around.userAgent') }} as user_agent,
        lower({{ clean_text('around.device.type') }}) as device_type,
        {{ consent_state('around.consent.categoryPreferences', 'analytics') }} as consent_analytics,
        {{ consent_state('around.consent.categoryPreferences', 'ads') }} as consent_ads,
        around.consent.categoryPreferences as consent_categories,
        replace({{ clean_text(json_any_param(order_names)) }}, '#', '') as order_name,
        {{ loose_amount(json_param('total')) }} as total_amount,
        {{ loose_amount(json_any_param(['revenue', 'subtotal', 'value'])) }} as revenue_amount,
        {{ loose_amount(json_param('tax')) }} as tax_amount,
        {{ loose_amount(json_any_param(['shipping', 'shipping_cost'])) }} as shipping_amount,
        {{ loose_amount(json_param('discount')) }} as discount_amount,
        {{ currency_code(json_param('currency')) }} as currency,
        {{- vitals_by_name('event_name', ['metric_name', 'metric', 'name'], ['metric_value', 'value']) }},
        coalesce({{ clean_text('person.plan') }}, {{ clean_text('around.traits.plan') }}) as plan,
        case
            when message_type = 'group' then {{ clean_text('told.name') }}
            else {{ clean_text('person.company.name') }}
        end as company,
        case when message_type = 'group' then {{ clean_text('group_id') }} end as account_id,
        {{ clean_text('person.title') }} as job_title,
        {{ clean_text('person.industry') }} as industry,
        {{ clean_text('person.address.country') }} as country,
        _file_id as source_file_id,
        _row_number as source_row_number
    from located
)

select * from renamed
{%- endmacro %}

{#- Every message with its person, its source and its canonical word. `messages` is a model of `parsed_messages`. -#}
{% macro attributed_messages(messages) -%}
with messages as (
    select
        *,
        cast(date_trunc('day', occurred_at) as date) as event_date,
        case
            when is_from_app then 'product'
            when {{ family_of_host('page_host') }} is not null then {{ family_of_host('page_host') }}
            when page_host is null then 'product'
        end as place
    from {{ messages }}
),

referrers as (
    {{ named_referrers('messages') }}
),

named as (
    select
        messages.*,
        {{ click_id_type('messages') }} as click_id_type,
        {{ click_id('messages') }} as click_id,
        referrers.referrer_source,
        referrers.referrer_medium,
        case
            when messages.event_key = 'segmentconsentpreferenceupdated'
                or messages.event_key = 'consentpreferenceupdated' then 'consent_updated'
            else {{ interaction_of('names', 'messages', 'messages.place') }}
        end as interaction_type
    from messages
    left join {{ ref('event_names') }} as names on messages.event_key = names.event_key
    left join referrers
        on messages.page_host = referrers.page_host
        and messages.referrer_host = referrers.referrer_host
),

machine_days as (
    {{ machine_days('named', visitor='segment_anonymous_id', day='event_date', visit='session_ref') }}
),

resolved as (
    select
        named.* exclude (place, event_date, revenue_amount, tagged_source, tagged_medium),
        case
            when named.user_id is not null then 'user_id'
            when named.email is not null then 'email'
            when named.segment_anonymous_id is not null then 'segment_anonymous_id'
        end as identifier_type,
        coalesce(named.user_id, named.email, named.segment_anonymous_id) as identifier_value,
        case when not named.is_from_server then named.segment_anonymous_id end as visitor_id,
        -- A server tells of a sale without having been visited.
        case
            when named.page_host is null and named.interaction_type in ('purchase', 'order_refunded', 'order_cancelled')
                then 'commerce'
            else named.place
        end as family,
        {{ hit_source() }} as utm_source,
        {{ hit_medium() }} as utm_medium,
        case when named.interaction_type in ('order_refunded', 'order_cancelled') then 'system' else 'inbound' end
            as direction,
        named.order_name as order_ref,
        case
            when named.device_type in ('ios', 'android') then 'mobile'
            else {{ device_of_user_agent('named.user_agent') }}
        end as device_category,
        -- What a server sends carries the server's own user agent, which is a library's.
        {{ machine_rule('named', 'named', 'machine_days') }} as machine_rule,
        machine_days.has_purchase,
        -- page, screen and track are what somebody did; identify, group and alias only say who it was.
        named.message_type in ('page', 'screen', 'track') and named.interaction_type <> 'consent_updated'
            and not {{ is_measurement('named.interaction_type') }} as is_interaction,
        named.revenue_amount as order_value_amount,
        case when named.interaction_type <> 'purchase' then named.revenue_amount end as revenue_amount,
        case when named.interaction_type <> 'purchase' and named.revenue_amount is not null then named.currency end
            as revenue_currency,
        {{ json_of({
            'event': 'named.event_name', 'device_clock_wrong': 'case when named.is_device_clock_wrong then true end'
        }) }} as attributes
    from named
    left join machine_days
        on named.segment_anonymous_id = machine_days.segment_anonymous_id
        and named.event_date = machine_days.event_date
),

flagged as (
    select
        * exclude (has_purchase),
        {{ machine_flags() }}
    from resolved
)

select * from flagged
{%- endmacro %}

{#- One row per decision and purpose; what other messages carry is a state, not a decision. -#}
{% macro tracked_consents(events) -%}
with decisions as (
    select source, record_key, identifier_type, identifier_value, occurred_at, source_file_id, source_row_number,
        {{ unnest_list('map_entries(consent_categories)') }} as category
    from {{ events }}
    where interaction_type = 'consent_updated' and identifier_value is not null
),

purposes as (
    select
        source,
        {{ key_of(['record_key', consent_purpose('category.key')]) }} as record_key,
        identifier_type,
        identifier_value,
        {{ consent_purpose('category.key') }} as purpose,
        case when bool_and(lower(category.value) = 'true') then 'granted' else 'denied' end as state,
        'explicit' as method,
        occurred_at,
        source_file_id,
        source_row_number
    from decisions
    where {{ consent_purpose('category.key') }} is not null
    group by all
)

select * from purposes
{%- endmacro %}
