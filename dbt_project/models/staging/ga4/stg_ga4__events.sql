with hits as (
    select * from {{ ref('stg_ga4__unique_hits') }}
),

referrers as (
    select * from {{ ref('stg_ga4__referrers') }}
),

machine_days as (
    select * from {{ ref('stg_ga4__machine_days') }}
),

sourced as (
    select
        hits.*,
        {{ click_id_type('hits') }} as click_id_type,
        {{ click_id('hits') }} as click_id,
        referrers.referrer_source,
        referrers.referrer_medium,
        -- The export has no user agents.
        case when hits.is_internal_test then 'internal' else machine_days.rate_rule end as machine_rule,
        machine_days.has_purchase
    from hits
    left join referrers
        on hits.page_host = referrers.page_host
        and hits.referrer_host = referrers.referrer_host
    left join machine_days
        on hits.ga_client_id = machine_days.ga_client_id
        and hits.event_date = machine_days.event_date
),

attributed as (
    select
        *,
        {{ hit_source() }} as utm_source,
        {{ hit_medium() }} as utm_medium,
        {{ machine_flags() }}
    from sourced
),

-- The session's Google Ads campaign belongs to the ad click itself, not to a newsletter link later in the same session.
resolved as (
    select
        'ga4' as source,
        record_key,
        case
            when user_id is not null then 'user_id'
            when ga_client_id is not null then 'ga_client_id'
        end as identifier_type,
        coalesce(user_id, ga_client_id) as identifier_value,
        ga_client_id as visitor_id,
        occurred_at,
        case
            when platform in ('IOS', 'ANDROID') or page_host like 'app.%' then 'product'
            when page_host like 'community.%' then 'community'
        end as family,
        utm_source,
        utm_medium,
        coalesce(tagged_campaign, case when {{ is_google_ads() }} then ads_campaign end) as campaign,
        case when {{ is_google_ads() }} then ads_campaign_id end as campaign_id,
        click_id_type,
        click_id,
        interaction_type,
        not {{ is_measurement('interaction_type') }} as is_interaction,
        {% for vital in vitals() %}{{ vital }}, {% endfor %}metric_id,
        'inbound' as direction,
        page_path,
        order_name as order_ref,
        device_category,
        is_machine,
        machine_rule,
        needs_review,
        is_internal_test,
        consent_analytics,
        consent_ads,
        ga_client_id,
        user_id,
        ga_session_id,
        gclid,
        gbraid,
        wbraid,
        msclkid,
        li_fat_id,
        ttclid,
        fbclid,
        mailchimp_euid,
        order_name,
        country,
        event_value_amount,
        event_value_currency,
        -- Google wants the value of a purchase without tax and shipping, so what was charged is their sum.
        cast(null as decimal(18, 6)) as total_amount,
        event_value_amount as order_value_amount,
        tax_amount,
        shipping_amount,
        cast(null as decimal(18, 6)) as discount_amount,
        event_value_currency as currency,
        source_file_id,
        source_row_number
    from attributed
)

select * from resolved
