with journeys as (
    select *, row_number() over (partition by customer_id order by journey_number desc) as recency
    from {{ ref('journeys') }}
),

scores as (
    select numbers.customer_id, orders.recency_score, orders.frequency_score, orders.monetary_score
    from {{ ref('segment_orders') }} as orders
    inner join {{ ref('segment_weeks') }} as weeks on orders.week_number = weeks.week_number and weeks.is_latest
    inner join {{ ref('customer_numbers') }} as numbers on orders.customer_number = numbers.customer_number
),

rfm as (
    select customer_id, segment from {{ ref('customer_segments') }} where segment_set = 'rfm'
),

lifecycles as (
    select customer_id, segment from {{ ref('customer_segments') }} where segment_set = 'lifecycle'
),

orders as (
    select customer_id, count(*) as order_count, sum(value) as net_revenue
    from {{ ref('customer_conversions') }}
    where is_counted
        and conversion_type in ('order', 'opportunity_won')
        and customer_id is not null
    group by customer_id
),

consents as (
    select customer_id, state = 'granted' as is_email_marketing_allowed
    from {{ ref('customer_consents') }}
    where purpose = 'email_marketing' and is_current
),

countries as (
    select customer_id, value as country
    from {{ ref('customer_attributes') }}
    where attribute = 'country'
),

seen as (
    select customer_id, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from {{ source('identity', 'identifiers') }}
    where customer_id is not null
    group by customer_id
)

select
    seen.customer_id,
    seen.first_seen_at,
    seen.last_seen_at,
    countries.country,
    stages.stage as current_stage,
    coalesce(rfm.segment, 'unknown') as rfm_segment,
    cast(scores.recency_score as bigint) as recency_score,
    cast(scores.frequency_score as bigint) as frequency_score,
    cast(scores.monetary_score as bigint) as monetary_score,
    coalesce(lifecycles.segment, 'unknown') as lifecycle,
    coalesce(orders.order_count, 0) as order_count,
    cast(coalesce(orders.net_revenue, 0) as decimal(18, 6)) as net_revenue,
    journeys.entry_channel,
    cast(coalesce(journeys.journey_number, 0) as bigint) as journey_count,
    consents.is_email_marketing_allowed
from seen
left join journeys on seen.customer_id = journeys.customer_id and journeys.recency = 1
left join {{ ref('stages') }} as stages
    on stages.funnel = 'journey' and journeys.furthest_stage_number = stages.stage_number
left join scores on seen.customer_id = scores.customer_id
left join rfm on seen.customer_id = rfm.customer_id
left join lifecycles on seen.customer_id = lifecycles.customer_id
left join orders on seen.customer_id = orders.customer_id
left join consents on seen.customer_id = consents.customer_id
left join countries on seen.customer_id = countries.customer_id
