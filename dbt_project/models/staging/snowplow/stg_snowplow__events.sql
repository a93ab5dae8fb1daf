-- A ping is no interaction of its own, and an item of the old e-commerce events is a line of its order.
with hits as (
    select
        *,
        cast(date_trunc('day', occurred_at) as date) as event_date,
        case
            when is_from_app or page_host is null then 'product'
            else {{ family_of_host('page_host') }}
        end as place
    from {{ ref('stg_snowplow__hits') }}
    where event_name is distinct from 'page_ping' and event_name is distinct from 'transaction_item'
),

engagement as (
    select * from {{ ref('stg_snowplow__page_engagement') }}
),

referrers as (
    {{ named_referrers('hits') }}
),

named as (
    select
        hits.*,
        {{ click_id_type('hits') }} as click_id_type,
        {{ click_id('hits') }} as click_id,
        coalesce(referrers.referrer_source, case
            when hits.refr_medium in ('search', 'social', 'email') then hits.refr_source
        end) as referrer_source,
        coalesce(referrers.referrer_medium, case hits.refr_medium
            when 'search' then 'organic'
            when 'social' then 'social'
            when 'email' then 'email'
        end) as referrer_medium,
        {{ interaction_of('names', 'hits', 'hits.place') }} as interaction_type,
        coalesce(hits.snowplow_domain_userid, hits.device_id) as visitor_id
    from hits
    left join {{ ref('event_names') }} as names on hits.event_key = names.event_key
    left join referrers
        on hits.page_host = referrers.page_host
        and hits.referrer_host = referrers.referrer_host
),

machine_days as (
    {{ machine_days('named', visitor='visitor_id', day='event_date', visit='session_ref') }}
),

resolved as (
    select
        named.* exclude (place, event_date, visitor_id, tagged_source, tagged_medium, refr_medium, refr_source),
        case
            when named.user_id is not null then 'user_id'
            when named.email is not null then 'email'
            when named.snowplow_domain_userid is not null then 'snowplow_domain_userid'
            when named.device_id is not null then 'device_id'
            when named.snowplow_network_userid is not null then 'snowplow_network_userid'
        end as identifier_type,
        coalesce(
            named.user_id, named.email, named.snowplow_domain_userid, named.device_id, named.snowplow_network_userid
        ) as identifier_value,
        case
            when named.is_from_server or named.visitor_id is null then null
            when named.snowplow_domain_userid is not null then 'snowplow_domain_userid'
            else 'device_id'
        end as visitor_type,
        case when not named.is_from_server then named.visitor_id end as visitor_id,
        case
            when named.page_host is null and named.interaction_type in ('purchase', 'order_refunded') then 'commerce'
            else named.place
        end as family,
        {{ hit_source() }} as utm_source,
        {{ hit_medium() }} as utm_medium,
        not {{ is_measurement('named.interaction_type') }} as is_interaction,
        -- A page view tells its vitals once.
        named.page_view_id as metric_id,
        case when named.interaction_type = 'order_refunded' then 'system' else 'inbound' end as direction,
        named.order_name as order_ref,
        coalesce(named.device_type, {{ device_of_user_agent('named.user_agent') }}) as device_category,
        {{ machine_rule('named', 'named', 'machine_days', is_spider='named.is_spider') }} as machine_rule,
        machine_days.has_purchase,
        case when named.interaction_type <> 'purchase' then named.event_value_amount end as revenue_amount,
        cast(null as decimal(18, 6)) as order_value_amount,
        engagement.engaged_seconds,
        {{ json_of({'event': 'named.event_name', 'engaged_seconds': 'engagement.engaged_seconds'}) }} as attributes
    from named
    left join machine_days
        on named.visitor_id = machine_days.visitor_id
        and named.event_date = machine_days.event_date
    left join engagement
        on named.page_view_id = engagement.page_view_id
        and named.interaction_type = 'page_view'
),

flagged as (
    select
        * exclude (has_purchase),
        {{ machine_flags() }}
    from resolved
)

select * from flagged
