with source as (
    select * from {{ source('raw', 'snowplow__enriched') }}
    where _is_current
),

-- Same id and same fingerprint is one event collected twice: the first time counts. Same id and another fingerprint is
-- another event, of a robot or a browser that fetches ahead: both stay.
ranked as (
    select
        *,
        row_number() over (
            partition by event_id, event_fingerprint
            order by try_cast(collector_tstamp as timestamp), _delivery_rank, _row_number
        ) as telling
    from source
),

{%- set entities = {'data': [{'schema': 'VARCHAR', 'data': 'VARCHAR'}]} %}
{%- set transaction = {
    'transaction_id': 'VARCHAR', 'revenue': 'VARCHAR', 'tax': 'VARCHAR', 'shipping': 'VARCHAR',
    'discount_amount': 'VARCHAR', 'currency': 'VARCHAR', 'refund_amount': 'VARCHAR'
} %}

parsed as (
    select
        *,
        {{ json_fields('contexts', entities) }}.data as entities,
        {{ json_fields('derived_contexts', entities) }}.data as derived_entities,
        {{ json_fields('unstruct_event', {'data': {'schema': 'VARCHAR', 'data': 'VARCHAR'}}) }}.data as told
    from ranked
    where telling = 1
),

unpacked as (
    select
        *,
        {{ json_fields(iglu_entity('entities', 'web_page'), {'id': 'VARCHAR'}) }}.id as page_view_id,
        {{ json_fields(iglu_entity('entities', 'client_session'), {'userId': 'VARCHAR', 'sessionId': 'VARCHAR'}) }}
            as app_session,
        -- Which entity carries consent depends on the tracker.
        {{ json_fields(iglu_entity_saying('entities', 'analytics_storage'), {
            'analytics_storage': 'VARCHAR', 'ads_storage': 'VARCHAR', 'ad_storage': 'VARCHAR'
        }) }} as consent,
        {{ json_fields(iglu_entity('derived_entities', 'spiders_and_robots'), {'spiderOrRobot': 'VARCHAR'}) }}
            .spiderOrRobot as is_spider,
        -- The sale is the event itself or an entity beside an e-commerce action.
        {{ json_fields("coalesce(" ~ iglu_entity('entities', 'transaction') ~ ", "
            ~ iglu_entity('entities', 'refund')
            ~ ", case when regexp_matches(told.schema, '^iglu:[^/]+/(transaction|refund)/') then told.data end)",
            transaction) }} as sale,
        case
            when event_name = 'event' then se_action
            when event_name = 'snowplow_ecommerce_action'
                then {{ json_fields('told.data', {'type': 'VARCHAR'}) }}.type
            else event_name
        end as plain_name,
        {{ json_fields("case when told.schema like 'iglu:%/web_vitals/%' then told.data end", {
            'lcp': 'VARCHAR', 'inp': 'VARCHAR', 'cls': 'VARCHAR', 'fcp': 'VARCHAR', 'ttfb': 'VARCHAR'
        }) }} as paints,
        '?' || page_urlquery as query_text
    from parsed
),

renamed as (
    select
        'snowplow' as source,
        {{ key_of(['event_id', 'event_fingerprint']) }} as record_key,
        event_id,
        plain_name as event_name,
        {{ event_key('plain_name') }} as event_key,
        page_view_id,
        {% for vital in vitals() -%}
        try_cast(paints.{{ vital }} as double) as {{ vital }},
        {% endfor -%}
        {{ clean_user_id('user_id') }} as user_id,
        {{ clean_email('user_id') }} as email,
        {{ clean_device_id('domain_userid') }} as snowplow_domain_userid,
        {{ clean_device_id('network_userid') }} as snowplow_network_userid,
        {{ clean_device_id('app_session.userId') }} as device_id,
        coalesce({{ clean_text('domain_sessionid') }}, {{ clean_text('app_session.sessionId') }}) as session_ref,
        -- The device's own time, put right by the collector's clock.
        coalesce(
            try_cast(true_tstamp as timestamp),
            try_cast(derived_tstamp as timestamp),
            try_cast(collector_tstamp as timestamp)
        ) as occurred_at,
        lower(platform) in ('mob', 'app', 'tv', 'cnsl', 'headset') as is_from_app,
        lower(platform) = 'srv' as is_from_server,
        regexp_replace(lower({{ clean_text('page_urlhost') }}), '^www[.]', '') as page_host,
        {{ clean_text('page_urlpath') }} as page_path,
        case
            when refr_medium is distinct from 'internal'
                then regexp_replace(lower({{ clean_text('refr_urlhost') }}), '^www[.]', '')
        end as referrer_host,
        lower(refr_medium) as refr_medium,
        lower({{ clean_text('refr_source') }}) as refr_source,
        lower(coalesce({{ clean_text('mkt_source') }}, {{ url_param('query_text', 'utm_source') }})) as tagged_source,
        lower(coalesce({{ clean_text('mkt_medium') }}, {{ url_param('query_text', 'utm_medium') }})) as tagged_medium,
        coalesce({{ clean_text('mkt_campaign') }}, {{ url_param('query_text', 'utm_campaign') }}) as campaign,
        coalesce({{ clean_text('mkt_content') }}, {{ url_param('query_text', 'utm_content') }}) as content,
        coalesce({{ clean_text('mkt_term') }}, {{ url_param('query_text', 'utm_term') }}) as term,
        -- The network names the kind of the click id; without one its first letters do.
        coalesce({{ url_param('query_text', 'gclid') }}, case
            when lower(mkt_network) = 'google' or (mkt_network is null and regexp_matches(mkt_clickid, '^(Cj|EAIaIQ)'))
                then {{ clean_text('mkt_clickid') }}
        end) as gclid,
        {{ url_param('query_text', 'gbraid') }} as gbraid,
        {{ url_param('query_text', 'wbraid') }} as wbraid,
        coalesce({{ url_param('query_text', 'msclkid') }}, case
            when lower(mkt_network) in ('microsoft', 'bing') then {{ clean_text('mkt_clickid') }}
        end) as msclkid,
        coalesce({{ url_param('query_text', 'fbclid') }}, case
            when lower(mkt_network) in ('facebook', 'meta') or (mkt_network is null and mkt_clickid like 'IwAR%')
                then {{ clean_text('mkt_clickid') }}
        end) as fbclid,
        {{ url_param('query_text', 'li_fat_id') }} as li_fat_id,
        {{ url_param('query_text', 'ttclid') }} as ttclid,
        {{ link_euid('query_text') }} as mailchimp_euid,
        {{ clean_text('useragent') }} as user_agent,
        case lower(dvce_type)
            when 'mobile' then 'mobile'
            when 'tablet' then 'tablet'
            when 'computer' then 'desktop'
        end as device_type,
        coalesce(lower(is_spider) = 'true', false) as is_spider,
        case lower(consent.analytics_storage)
            when 'true' then true when 'granted' then true when 'false' then false when 'denied' then false
        end as consent_analytics,
        case lower(coalesce(consent.ads_storage, consent.ad_storage))
            when 'true' then true when 'granted' then true when 'false' then false when 'denied' then false
        end as consent_ads,
        replace(coalesce({{ clean_text('sale.transaction_id') }}, {{ clean_text('tr_orderid') }}), '#', '')
            as order_name,
        coalesce(
            {{ loose_amount('sale.refund_amount') }}, {{ loose_amount('sale.revenue') }}, {{ loose_amount('tr_total') }}
        ) as total_amount,
        coalesce({{ loose_amount('sale.tax') }}, {{ loose_amount('tr_tax') }}) as tax_amount,
        coalesce({{ loose_amount('sale.shipping') }}, {{ loose_amount('tr_shipping') }}) as shipping_amount,
        {{ loose_amount('sale.discount_amount') }} as discount_amount,
        coalesce({{ currency_code('sale.currency') }}, {{ currency_code('tr_currency') }}) as currency,
        {{ loose_amount('se_value') }} as event_value_amount,
        {{ clean_text('geo_country') }} as country,
        _file_id as source_file_id,
        _row_number as source_row_number
    from unpacked
)

select * from renamed
