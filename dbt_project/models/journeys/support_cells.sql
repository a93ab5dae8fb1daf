-- One row per week, stage and desk (and `all` of each): contacts, how fast they were answered, and how many customers were
-- there to ask.
{%- set sets = '((week), (week, stage), (week, source), (week, stage, source))' %}
with contacts as (
    select * from {{ ref('support_contacts') }}
),

counted as (
    select
        week,
        coalesce(stage, 'all') as stage,
        coalesce(source, 'all') as source,
        count(*) as contacts,
        count(distinct customer_id) as customers,
        count(first_reply_seconds) as replied,
        -- Time on two kinds of clock has no common median.
        case when count(distinct reply_clock) = 1 then min(reply_clock) end as reply_clock,
        count(distinct reply_clock) as reply_clocks,
        {{ exact_quantile('first_reply_seconds', 0.5) }} as reply_median_seconds,
        {{ exact_quantile('first_reply_seconds', 0.9) }} as reply_p90_seconds,
        count(resolution_seconds) as resolved,
        count(reopens) as reopens_told,
        count(*) filter (where reopens > 0) as reopened,
        count(*) filter (where is_missed) as missed,
        count(*) filter (where is_missed is null) as open
    from contacts
    group by grouping sets {{ sets }}
),

active as (
    select
        {{ reporting_week('touches.occurred_at', 'parameters.time_zone') }} as week,
        coalesce(touches.stage, 'none') as stage,
        touches.customer_id
    from {{ ref('journey_touches') }} as touches
    cross join {{ source('raw', 'run_parameters') }} as parameters
),

present as (
    select week, coalesce(stage, 'all') as stage, count(distinct customer_id) as active_customers
    from active
    group by grouping sets ((week), (week, stage))
),

orders as (
    select week, orders from {{ ref('pain_order_cells') }} where step = 'all'
)

select counted.*, coalesce(present.active_customers, 0) as active_customers, coalesce(orders.orders, 0) as orders
from counted
left join present on counted.week = present.week and counted.stage = present.stage
left join orders on counted.week = orders.week
