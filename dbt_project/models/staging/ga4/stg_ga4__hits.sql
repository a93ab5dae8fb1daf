with delivered as (
    select *, coalesce(contains(lower(_file_name), 'events_intraday_'), false) as is_intraday
    from {{ source('raw', 'ga4__events') }}
),

-- A day that came as its own table and as the unfinished one of the day before it was closed.
days_told_twice as (
    select event_date, stream_id
    from delivered
    group by event_date, stream_id
    having bool_or(is_intraday) and not bool_and(is_intraday)
),

-- The closed table is the day. A row of it that an intraday row superseded counts again, its repetitions are left out
-- further on.
source as (
    select delivered.*
    from delivered
    left join days_told_twice
        on delivered.event_date = days_told_twice.event_date
        and delivered.stream_id is not distinct from days_told_twice.stream_id
    where case when days_told_twice.event_date is null then delivered._is_current else not delivered.is_intraday end
),

parsed as (
    select
        *,
        {{ json_params('event_params') }} as params,
        {{ json_fields('privacy_info', {'analytics_storage': 'VARCHAR', 'ads_storage': 'VARCHAR'}) }} as privacy,
        {{ json_fields('device', {'category': 'VARCHAR', 'web_info': {'hostname': 'VARCHAR'}}) }} as gadget,
        {{ json_fields('geo', {'country': 'VARCHAR'}) }} as place,
        {{ json_fields('ecommerce', {
            'transaction_id': 'VARCHAR', 'purchase_revenue': 'VARCHAR', 'tax_value': 'VARCHAR',
            'shipping_value': 'VARCHAR'
        }) }} as shop,
        {{ json_fields('collected_traffic_source', {
            'manual_source': 'VARCHAR', 'manual_medium': 'VARCHAR',
            'manual_campaign_name': 'VARCHAR', 'gclid': 'VARCHAR'
        }) }} as collected,
        {{ json_fields('session_traffic_source_last_click', {
            'google_ads_campaign': {'campaign_id': 'VARCHAR', 'campaign_name': 'VARCHAR'}
        }) }} as last_click
    from source
),

unpacked as (
    select
        *,
        {{ json_param_names('params') }} as param_names,
        {{ json_param_texts('params') }} as param_texts
    from parsed
),

located as (
    select
        *,
        {{ json_param('page_location') }} as page_location,
        case when {{ json_param('page_location') }} like '%?%' then {{ json_param('page_location') }} end as tagged_url,
        {{ json_param('page_referrer') }} as page_referrer
    from unpacked
),

renamed as (
    select
        {{ key_of([
            'stream_id', 'user_pseudo_id', 'event_name', 'event_timestamp', "array_to_string(param_texts, '|')"
        ]) }} as record_key,
        {{ clean_text('user_pseudo_id') }} as ga_client_id,
        {{ clean_text('user_id') }} as user_id,
        {{ json_param('ga_session_id') }} as ga_session_id,
        coalesce(names.interaction_type, event_name) as interaction_type,
        {{- vitals_by_name('event_name', ['metric_name'], ['metric_value', 'value']) }},
        make_timestamp(try_cast(event_timestamp as bigint)) as occurred_at,
        event_date,
        platform,
        coalesce(
            {{ url_host('page_location') }}, regexp_replace(lower(gadget.web_info.hostname), '^www[.]', '')
        ) as page_host,
        {{ url_path('page_location') }} as page_path,
        {{ url_host('page_referrer') }} as referrer_host,
        lower(coalesce(
            {{ clean_text('collected.manual_source') }}, {{ url_param('tagged_url', 'utm_source') }}
        )) as tagged_source,
        lower(coalesce(
            {{ clean_text('collected.manual_medium') }}, {{ url_param('tagged_url', 'utm_medium') }}
        )) as tagged_medium,
        coalesce(
            {{ clean_text('collected.manual_campaign_name') }}, {{ url_param('tagged_url', 'utm_campaign') }}
        ) as tagged_campaign,
        coalesce({{ clean_text('collected.gclid') }}, {{ url_param('tagged_url', 'gclid') }}) as gclid,
        {{ url_param('tagged_url', 'gbraid') }} as gbraid,
        {{ url_param('tagged_url', 'wbraid') }} as wbraid,
        {{ url_param('tagged_url', 'fbclid') }} as fbclid,
        {{ url_param('tagged_url', 'msclkid') }} as msclkid,
        {{ url_param('tagged_url', 'li_fat_id') }} as li_fat_id,
        {{ url_param('tagged_url', 'ttclid') }} as ttclid,
        {{ link_euid('tagged_url') }} as mailchimp_euid,
        last_click.google_ads_campaign.campaign_id as ads_campaign_id,
        last_click.google_ads_campaign.campaign_name as ads_campaign,
        case when event_name = 'purchase' then {{ clean_text(
            "coalesce(" ~ clean_text(json_param('transaction_id')) ~ ", shop.transaction_id)"
        ) }} end as order_name,
        coalesce(
            try_cast({{ json_param('value') }} as decimal(18, 6)), try_cast(shop.purchase_revenue as decimal(18, 6))
        ) as event_value_amount,
        {{ currency_code(json_param('currency')) }} as event_value_currency,
        try_cast(shop.tax_value as decimal(18, 6)) as tax_amount,
        try_cast(shop.shipping_value as decimal(18, 6)) as shipping_amount,
        lower(gadget.category) as device_category,
        place.country as country,
        coalesce(
            {{ json_param('traffic_type') }} = 'internal' or {{ json_param('debug_mode') }} = '1', false
        ) as is_internal_test,
        case privacy.analytics_storage when 'Yes' then true when 'No' then false end as consent_analytics,
        case privacy.ads_storage when 'Yes' then true when 'No' then false end as consent_ads,
        _delivery_rank as delivery_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from located
    -- GA4 speaks the canonical words but for what it measures.
    left join {{ ref('event_names') }} as names
        on {{ event_key('event_name') }} = names.event_key
        and {{ is_measurement('names.interaction_type') }}
)

select * from renamed
