-- What is known of a buyer's orders at the end of a week: one row per customer and week since the first order.
with orders as (
    select * from {{ ref('segment_orders_told') }}
),

weeks as (
    select * from {{ ref('segment_weeks') }}
),

gaps as (
    select
        customer_number,
        occurred_at,
        cast(value as double) as value,
        coalesce({{ seconds_between('lag(occurred_at) over (partition by customer_number order by occurred_at, conversion_id)',
            'occurred_at') }} > {{ var('return_gap_days') }} * 86400, false) as is_return
    from orders
),

told as (
    select
        gaps.customer_number,
        weeks.week_number,
        gaps.is_return,
        gaps.value,
        {{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }} / 86400 as age
    from gaps
    inner join weeks on gaps.occurred_at < weeks.ends_at
),

summed as (
    select
        customer_number,
        week_number,
        count(*) as order_count,
        max(age) as days_since_first_order,
        min(age) as days_since_last_order,
        min(age) filter (where is_return) as days_since_return_order,
        count(*) filter (where age <= {{ var('rfm_lookback_days') }}) as orders_in_year,
        coalesce(sum(value) filter (where age <= {{ var('rfm_lookback_days') }}), 0) as revenue_in_year
    from told
    group by customer_number, week_number
),

scored as (
    select
        customer_number,
        week_number,
        {{ quintile('days_since_last_order', is_less_better=true, rule=var('rfm_quantiles')) }} as recency_score,
        {{ quintile('orders_in_year', rule=var('rfm_quantiles')) }} as frequency_score,
        {{ quintile('revenue_in_year', rule=var('rfm_quantiles')) }} as monetary_score,
        -- 1 + floor(10 * share of customers strictly better).
        cast(1 + (10 * (rank() over (partition by week_number order by revenue_in_year desc) - 1))
            // count(*) over (partition by week_number) as integer) as value_decile
    from summed
    where orders_in_year > 0
)

select
    summed.*,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    scored.recency_score * 100 + scored.frequency_score * 10 + scored.monetary_score as rfm_code,
    scored.value_decile
from summed
left join scored on summed.customer_number = scored.customer_number and summed.week_number = scored.week_number
