-- What a customer is worth: one row per week with the orders in it (step `all`), and one row per step after a purchase, week
-- of entry and outcome with the orders of the weeks after it was judged, by how many weeks after.
with orders as (
    select
        numbers.customer_number,
        conversions.week,
        conversions.value
    from {{ ref('customer_conversions') }} as conversions
    inner join {{ ref('customer_numbers') }} as numbers on conversions.customer_id = numbers.customer_id
    where conversions.is_counted and conversions.conversion_type in ('order', 'opportunity_won')
),

units as (
    select
        step,
        week,
        customer_number,
        is_dropped,
        -- The week at whose end everybody has had the time.
        cast(week + interval 7 day * cast(ceil(window_seconds / 604800.0) as integer) as date) as judged_week
    from {{ ref('pain_units') }}
    where from_stage in ('purchase', 'experience', 'advocacy') and not is_open
),

followed as (
    select units.step, units.week, units.is_dropped, orders.value,
        {{ days_between('units.judged_week', 'orders.week') }} / 7 as lag_weeks
    from units
    inner join orders
        on units.customer_number = orders.customer_number
        and orders.week > units.judged_week
        and orders.week <= cast(units.judged_week + interval 91 day as date)
)

select 'all' as step, week, false as is_dropped, 0 as lag_weeks, count(*) as orders, cast(sum(value) as double) as revenue,
    cast(sum(cast(value as decimal(38, 6)) * value) as double) as squared_revenue
from orders
group by week
union all
select step, week, is_dropped, cast(lag_weeks as integer), count(*), cast(sum(value) as double),
    cast(sum(cast(value as decimal(38, 6)) * value) as double)
from followed
group by step, week, is_dropped, lag_weeks
