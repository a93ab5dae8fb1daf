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

spend as (
    select week, sum(spend) as spend from {{ ref('spend_cells') }} group by week
),

unattributed as (
    select conversion_id
    from {{ ref('credits') }}
    where model = 'first' and channel = 'unattributed' and conversion_type in ('order', 'opportunity_won')
),

first_orders as (
    select customer_id, min(occurred_at) as acquired_at, min(week) as week
    from orders
    group by customer_id
),

acquisition as (
    select
        weeks.week,
        'acquisition_efficiency' as kpi,
        count(first_orders.customer_id) as numerator,
        max(spend.spend) as denominator,
        cast(null as decimal(38, 4)) as sum_squares,
        true as is_mature
    from weeks
    inner join spend on weeks.week = spend.week
    left join first_orders on weeks.week = first_orders.week
    group by weeks.week
),

coverage as (
    select
        orders.week,
        'revenue_attribution' as kpi,
        coalesce(sum(orders.value) filter (where unattributed.conversion_id is null), 0) as numerator,
        sum(orders.value) as denominator,
        sum(cast(orders.value as decimal(18, 2)) * cast(orders.value as decimal(18, 2))) as sum_squares,
        true as is_mature
    from orders
    left join unattributed on orders.conversion_id = unattributed.conversion_id
    group by orders.week
)

select * from acquisition
union all
select * from coverage
