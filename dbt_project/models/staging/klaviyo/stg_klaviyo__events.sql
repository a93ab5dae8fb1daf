with source as (
    select * from {{ source('raw', 'klaviyo__events') }}
    where _is_current
),

parsed as (
    select
        id as event_id,
        {{ json_fields('attributes', {
            'timestamp': 'VARCHAR', 'datetime': 'VARCHAR', 'event_properties': 'JSON'
        }) }} as attributes,
        {{ json_fields('relationships', {
            'profile': {'data': {'id': 'VARCHAR'}}, 'metric': {'data': {'id': 'VARCHAR'}}
        }) }} as related,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- Names of properties differ in case, spaces and signs between metrics and revisions.
unpacked as (
    select
        *,
        {{ json_loose_names('attributes.event_properties') }} as param_names,
        {{ json_loose_texts('attributes.event_properties') }} as param_texts
    from parsed
),

read_off as (
    select
        unpacked.event_id,
        unpacked.related.profile.data.id as klaviyo_profile_id,
        metrics.metric_name,
        metrics.interaction_type,
        metrics.direction,
        metrics.medium,
        coalesce(
            {{ utc_instant('unpacked.attributes."datetime"') }},
            make_timestamp(try_cast(unpacked.attributes."timestamp" as bigint) * 1000000)
        ) as occurred_at,
        coalesce({{ json_param('campaign_name') }}, {{ json_param('flow_name') }}) as campaign_name,
        coalesce({{ json_param('message') }}, {{ json_param('campaign_id') }}, {{ json_param('flow') }}) as campaign_id,
        coalesce({{ json_param('subject') }}, {{ json_param('message_name') }}) as subject,
        case when metrics.metric_name like 'clicked%' then {{ json_param('url') }} end as url,
        lower({{ json_param('bounce_type') }}) as bounce_type,
        lower(coalesce({{ json_param('machine_open') }}, {{ json_param('bot_click') }})) in ('true', '1', 'yes')
            as is_declared_machine,
        {{ clean_email("coalesce(" ~ json_param('email') ~ ", " ~ json_param('customer_email') ~ ")") }} as email,
        coalesce({{ json_param('event_id') }}, {{ json_param('orderid') }}, {{ json_param('order_id') }}) as order_ref,
        {{ clean_money(json_param('value')) }} as amount,
        upper(coalesce(
            {{ json_param('currency_code') }}, {{ json_param('value_currency') }}, {{ json_param('currency') }}
        )) as currency,
        unpacked.source_file_id,
        unpacked.source_row_number
    from unpacked
    left join {{ ref('stg_klaviyo__metrics') }} as metrics on unpacked.related.metric.data.id = metrics.metric_id
),

judged as (
    {{ link_bursts('read_off', ['klaviyo_profile_id', 'campaign_id']) }}
),

renamed as (
    select
        'klaviyo' as source,
        {{ key_of(["'event'", 'event_id']) }} as record_key,
        event_id,
        case when klaviyo_profile_id is not null then 'klaviyo_profile_id' end as identifier_type,
        klaviyo_profile_id as identifier_value,
        klaviyo_profile_id,
        email,
        metric_name,
        interaction_type,
        direction,
        'email' as family,
        occurred_at,
        'second' as occurred_at_precision,
        {{ link_source('url', 'klaviyo') }} as utm_source,
        {{ link_medium('url', 'medium') }} as utm_medium,
        coalesce({{ url_param('url', 'utm_campaign') }}, campaign_name) as campaign,
        campaign_id,
        coalesce({{ url_param('url', 'utm_content') }}, subject) as content,
        {{ url_param('url', 'utm_term') }} as term,
        {{ url_path('url') }} as page_path,
        coalesce(is_declared_machine, false)
            or (is_link_burst and interaction_type in ('email_opened', 'email_clicked')) as is_machine,
        case when bounce_type in ('hard', 'soft') then '{"bounce_type":"' || bounce_type || '"}' end as attributes,
        order_ref,
        amount,
        currency,
        source_file_id,
        source_row_number
    from judged
)

select * from renamed
