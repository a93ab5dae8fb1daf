with source as (
    select * from {{ source('raw', 'mixpanel__events') }}
    where _is_current
),

{%- set order_names = ['order_id', 'orderid', 'order_number', 'ordernumber', 'transaction_id', 'transactionid'] %}
{%- set generated_id = '^([0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-f]{10,16}-[0-9a-f-]{20,})$' %}

parsed as (
    select
        *,
        {{ json_fields('properties', {
            'time': 'VARCHAR', 'distinct_id': 'VARCHAR', '$insert_id': 'VARCHAR', 'mp_processing_time_ms': 'VARCHAR',
            '$device_id': 'VARCHAR', '$user_id': 'VARCHAR', '$identified_id': 'VARCHAR', '$anon_id': 'VARCHAR',
            'alias': 'VARCHAR', '$distinct_ids': ['VARCHAR'], '$email': 'VARCHAR',
            '$current_url': 'VARCHAR', '$referrer': 'VARCHAR', '$user_agent': 'VARCHAR', 'mp_lib': 'VARCHAR',
            '$os': 'VARCHAR', 'mp_country_code': 'VARCHAR', '$session_id': 'VARCHAR',
            'utm_source': 'VARCHAR', 'utm_medium': 'VARCHAR', 'utm_campaign': 'VARCHAR', 'utm_content': 'VARCHAR',
            'utm_term': 'VARCHAR'
        }) }} as p
    from source
),

-- The export is not deduplicated: by Mixpanel's own rule these four are one event, the latest processing is it.
ranked as (
    select
        *,
        {{ json_loose_names('properties') }} as param_names,
        {{ json_loose_texts('properties') }} as param_texts,
        row_number() over (
            partition by event, p.distinct_id, p.time, p."$insert_id"
            order by try_cast(p.mp_processing_time_ms as bigint) desc nulls last, _delivery_rank desc, _row_number
        ) as telling
    from parsed
),

-- Three generations of identity: a device and a login beside each other; one distinct id that says `$device:`; one
-- distinct id that is a device as long as it looks generated, and the login from then on.
identified as (
    select
        *,
        coalesce(
            p."$device_id", p."$anon_id",
            case
                when p.distinct_id like '$device:%' then substr(p.distinct_id, 9)
                when regexp_matches(p.distinct_id, '{{ generated_id }}') then p.distinct_id
            end
        ) as device_text,
        coalesce(
            p."$user_id", p."$identified_id",
            case
                when p.distinct_id not like '$device:%' and not regexp_matches(p.distinct_id, '{{ generated_id }}')
                    and p.distinct_id is distinct from p."$device_id"
                    then p.distinct_id
            end
        ) as login_text,
        coalesce(p.alias, p."$distinct_ids"[1]) as other_text,
        make_timestamp(try_cast(p.time as bigint) * 1000000) as wall_clock
    from ranked
    where telling = 1
),

renamed as (
    select
        'mixpanel' as source,
        {{ key_of(['event', 'p.distinct_id', 'p.time', 'p."$insert_id"']) }} as record_key,
        event as event_name,
        {{ event_key('event') }} as event_key,
        case when event = '$merge' then null else {{ clean_device_id('device_text') }} end as mixpanel_distinct_id,
        {{ clean_user_id('login_text') }} as user_id,
        coalesce({{ clean_email('login_text') }}, {{ clean_email('p."$email"') }}) as email,
        case
            when event in ('$create_alias', '$merge') and not regexp_matches(other_text, '{{ generated_id }}')
                then {{ clean_user_id("regexp_replace(other_text, '^[$]device:', '')") }}
        end as other_user_id,
        case
            when event in ('$create_alias', '$merge') and regexp_matches(other_text, '{{ generated_id }}')
                then other_text
        end as other_mixpanel_distinct_id,
        {{ local_to_utc('wall_clock', var('mixpanel_time_zone')) }} as occurred_at,
        {{ is_ambiguous_local('wall_clock', var('mixpanel_time_zone')) }} as is_time_ambiguous,
        'second' as occurred_at_precision,
        {{ url_host('p."$current_url"') }} as page_host,
        {{ url_path('p."$current_url"') }} as page_path,
        {{ url_host('p."$referrer"') }} as referrer_host,
        -- Tags stay with a browser as super properties and repeat on every later event: where there is a page, only
        -- its own address counts.
        {% for tag in ['source', 'medium', 'campaign', 'content', 'term'] -%}
        case
            when p."$current_url" is not null then {{ url_param('p."$current_url"', 'utm_' ~ tag) }}
            else {{ clean_text('p.utm_' ~ tag) }}
        end as utm_{{ tag }},
        {% endfor -%}
        {{ link_euid('p."$current_url"') }} as mailchimp_euid,
        {{- click_ids_of('p."$current_url"') }}
        {{ clean_text('p."$user_agent"') }} as user_agent,
        case
            when p."$os" in ('iOS', 'Android', 'iPhone OS') then 'mobile'
            when p."$os" in ('Windows', 'Mac OS X', 'Linux', 'Chrome OS') then 'desktop'
        end as device_type,
        coalesce(lower(p.mp_lib) in ('python', 'node', 'php', 'java', 'ruby', 'go', 'csharp', 'http'), false)
            as is_from_server,
        {{ clean_text('p."$session_id"') }} as session_ref,
        replace({{ clean_text(json_any_param(order_names)) }}, '#', '') as order_name,
        {{ loose_amount(json_any_param(['total', 'amount'])) }} as total_amount,
        {{ loose_amount(json_any_param(['revenue', 'subtotal', 'value'])) }} as order_value_amount,
        {{ loose_amount(json_param('tax')) }} as tax_amount,
        {{ loose_amount(json_param('shipping')) }} as shipping_amount,
        {{ loose_amount(json_param('discount')) }} as discount_amount,
        {{ currency_code(json_param('currency')) }} as currency,
        {{- vitals_by_name('event', ['metric_name', 'metric', 'name'], ['metric_value', 'value']) }},
        {{ clean_text('p.mp_country_code') }} as country,
        _file_id as source_file_id,
        _row_number as source_row_number
    from identified
)

select * from renamed
