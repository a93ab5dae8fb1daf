-- What is known of a buyer's orders at the end of a week: one row per customer and week since the first order. Sums change
-- only where an order comes or leaves the year; in between they are carried on.
{%- set rule = var('rfm_quantiles') %}
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

weeks as (
    select * from {{ ref('segment_weeks') }}
),

orders as (
    select
        customer_number,
        week_number,
        occurred_at,
        value,
        case when {{ seconds_between('lag(occurred_at) over (partition by customer_number order by occurred_at, conversion_id)',
            'occurred_at') }} > {{ var('return_gap_days') }} * 86400 then occurred_at end as return_at
    from {{ ref('segment_orders_told') }}
),

-- An order counts while the week's end is at most rfm_lookback_days after it.
changes as (
    select customer_number, week_number, occurred_at, return_at, 1 as orders, 1 as orders_in_year, value from orders
    union all
    select
        orders.customer_number,
        {{ week_number(reporting_week(seconds_later('orders.occurred_at', var('rfm_lookback_days') * 86400),
            'parameters.time_zone')) }},
        null, null, 0, -1, 0 - orders.value
    from orders
    cross join parameters
),

summed as (
    select
        customer_number,
        week_number,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        max(return_at) as return_at,
        sum(orders) as orders,
        sum(orders_in_year) as orders_in_year,
        sum(value) as value
    from changes
    group by customer_number, week_number
),

running as (
    select
        customer_number,
        week_number,
        lead(week_number) over (partition by customer_number order by week_number) as next_week_number,
        min(first_at) over so_far as first_at,
        max(last_at) over so_far as last_at,
        max(return_at) over so_far as return_at,
        cast(sum(orders) over so_far as integer) as order_count,
        cast(sum(orders_in_year) over so_far as integer) as orders_in_year,
        cast(sum(value) over so_far as decimal(18, 6)) as revenue_in_year
    from summed
    window so_far as (partition by customer_number order by week_number rows between unbounded preceding and current row)
),

carried as (
    select
        running.customer_number,
        weeks.week_number,
        running.order_count,
        running.orders_in_year,
        running.revenue_in_year,
        {{ seconds_between('running.first_at', 'weeks.ends_at') }} / 86400 as days_since_first_order,
        {{ seconds_between('running.last_at', 'weeks.ends_at') }} / 86400 as days_since_last_order,
        {{ seconds_between('running.return_at', 'weeks.ends_at') }} / 86400 as days_since_return_order
    from running
    inner join weeks
        on weeks.week_number >= running.week_number
        and weeks.week_number < coalesce(running.next_week_number, weeks.week_number + 1)
),

rated as (
    select week_number, cast(floor(days_since_last_order) as integer) as days, orders_in_year, revenue_in_year
    from carried
    where orders_in_year > 0
),

recency as (
    {{ scores_of('rated', 'days', is_less_better=true, rule=rule) }}
),

frequency as (
    {{ scores_of('rated', 'orders_in_year', rule=rule) }}
),

monetary as (
    {{ scores_of('rated', 'revenue_in_year', rule=rule) }}
),

-- 1 + floor(10 * share of customers strictly better).
deciles as (
    {{ scores_of('rated', 'revenue_in_year', is_less_better=true, parts=10) }}
)

select
    carried.* exclude (revenue_in_year),
    cast(carried.revenue_in_year as double) as revenue_in_year,
    recency.score as recency_score,
    frequency.score as frequency_score,
    monetary.score as monetary_score,
    cast(recency.score * 100 + frequency.score * 10 + monetary.score as smallint) as rfm_code,
    deciles.score as value_decile
from carried
left join recency
    on carried.week_number = recency.week_number and cast(floor(carried.days_since_last_order) as integer) = recency.days
    and carried.orders_in_year > 0
left join frequency
    on carried.week_number = frequency.week_number and carried.orders_in_year = frequency.orders_in_year
left join monetary
    on carried.week_number = monetary.week_number and carried.revenue_in_year = monetary.revenue_in_year
    and carried.orders_in_year > 0
left join deciles
    on carried.week_number = deciles.week_number and carried.revenue_in_year = deciles.revenue_in_year
    and carried.orders_in_year > 0
