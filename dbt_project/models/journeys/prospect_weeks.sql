with customers as (
    -- First seen in any table: who answered a survey or opened an account without a touchpoint is a customer as well.
    select customer_id, min(first_seen_at) as first_seen_at
    from {{ source('identity', 'identifiers') }}
    where customer_id is not null
    group by customer_id
),

weeks as (
    select * from {{ ref('weeks') }}
),

seen as (
    select weeks.week, count(customers.customer_id) as customers
    from weeks
    left join customers on customers.first_seen_at < weeks.ends_at
    group by weeks.week
),

bought as (
    select week, count(*) as customers from {{ ref('customer_weeks') }} group by week
)

select seen.week, seen.customers - coalesce(bought.customers, 0) as prospects
from seen
left join bought on seen.week = bought.week
