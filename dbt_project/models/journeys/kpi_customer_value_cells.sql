with orders as (
    select *
    from {{ ref('customer_conversions') }}
    where is_counted
        and conversion_type in ('order', 'opportunity_won')
        and customer_id is not null
),

weeks as (
    select * from {{ ref('weeks') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

first_orders as (
    select customer_id, min(occurred_at) as acquired_at, min(week) as week
    from orders
    group by customer_id
),

-- What a customer is worth in the first 90 days: a fixed age, so young and old cohorts compare.
early_value as (
    select first_orders.week, first_orders.customer_id, sum(orders.value) as value
    from first_orders
    inner join orders
        on first_orders.customer_id = orders.customer_id
        and {{ seconds_between('first_orders.acquired_at', 'orders.occurred_at') }} <= 90 * 86400
    group by first_orders.week, first_orders.customer_id
),

lifetime_value as (
    select
        early_value.week,
        'customer_lifetime_value' as kpi,
        sum(early_value.value) as numerator,
        count(*) as denominator,
        sum(cast(early_value.value as decimal(18, 2)) * cast(early_value.value as decimal(18, 2))) as sum_squares,
        min({{ seconds_between('weeks.ends_at', 'parameters.as_of') }}) >= 90 * 86400 as is_mature
    from early_value
    cross join parameters
    inner join weeks on early_value.week = weeks.week
    group by early_value.week
),

activity as (
    select weeks.week, weeks.ends_at, orders.customer_id,
        bool_or(orders.occurred_at < {{ days_before('weeks.ends_at', 90) }}) as was_active,
        bool_or(orders.occurred_at >= {{ days_before('weeks.ends_at', 90) }}) as is_active
    from weeks
    inner join orders
        on orders.occurred_at < weeks.ends_at
        and orders.occurred_at >= {{ days_before('weeks.ends_at', 180) }}
    group by weeks.week, weeks.ends_at, orders.customer_id
),

retention as (
    select
        week,
        'customer_retention' as kpi,
        count(*) filter (where is_active) as numerator,
        count(*) as denominator,
        cast(null as decimal(38, 4)) as sum_squares,
        -- Honest only where the data reach back over the whole 180 days.
        min(ends_at) >= (select min(ends_at) + interval 173 day from weeks) as is_mature
    from activity
    where was_active
    group by week
)

select * from lifetime_value
union all
select * from retention
