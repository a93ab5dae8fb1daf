with customers as (
    select * from {{ ref('customer_weeks') }}
),

orders as (
    select customer_id, week, count(*) as orders, sum(value) as revenue
    from {{ ref('customer_conversions') }}
    where is_counted
        and conversion_type in ('order', 'opportunity_won')
        and customer_id is not null
    group by customer_id, week
),

members as (
    select week, customer_id, 'rfm' as segment_set, rfm_segment as segment from customers
    union all
    select week, customer_id, 'lifecycle' as segment_set, lifecycle as segment from customers
),

-- Every customer is in one segment of each set. Prospects are counted, never listed by week.
counted as (
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
    union all
    select week, 'rfm', 'not_rated', prospects, 0, 0, 0 from {{ ref('prospect_weeks') }}
    union all
    select week, 'lifecycle', 'prospect', prospects, 0, 0, 0 from {{ ref('prospect_weeks') }}
)

select
    week,
    segment_set,
    segment,
    sum(customers) as customers,
    sum(purchasers) as purchasers,
    sum(orders) as orders,
    sum(revenue) as revenue
from counted
group by week, segment_set, segment
