with customers as (
    select * from {{ ref('customer_weeks') }}
),

weeks as (
    select * from {{ ref('weeks') }}
),

orders as (
    select customer_id, week, count(*) as orders, sum(value) as revenue
    from {{ ref('customer_conversions') }}
    where is_counted
        and conversion_type in ('order', 'opportunity_won')
        and customer_id is not null
    group by customer_id, week
),

first_seen as (
    select customer_id, min(occurred_at) as first_at
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
    group by customer_id
),

members as (
    select week, customer_id, 'rfm' as segment_set, rfm_segment as segment from customers where rfm_segment is not null
    union all
    select week, customer_id, 'lifecycle' as segment_set, lifecycle as segment from customers
),

purchasers as (
    select
        members.week,
        members.segment_set,
        members.segment,
        count(*) as customers,
        count(orders.customer_id) as purchasers,
        coalesce(sum(orders.orders), 0) as orders,
        coalesce(sum(orders.revenue), 0) as revenue
    from members
    left join orders on members.customer_id = orders.customer_id and members.week = orders.week
    group by members.week, members.segment_set, members.segment
),

-- Prospects are everybody seen by the end of the week who has bought nothing yet: counted, never listed by week.
seen as (
    select weeks.week, count(first_seen.customer_id) as customers
    from weeks
    left join first_seen on first_seen.first_at < weeks.ends_at
    group by weeks.week
),

bought as (
    select week, count(*) as customers from customers group by week
)

select * from purchasers
union all
select
    seen.week,
    'lifecycle' as segment_set,
    'prospect' as segment,
    seen.customers - coalesce(bought.customers, 0) as customers,
    0 as purchasers,
    0 as orders,
    0 as revenue
from seen
left join bought on seen.week = bought.week
