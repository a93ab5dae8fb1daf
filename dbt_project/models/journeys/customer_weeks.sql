-- The lifecycle of whoever began a journey, at the end of the week before: one row per customer and such week.
with numbers as (
    select * from {{ ref('customer_numbers') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

weeks as (
    select distinct
        events.customer_number,
        cast({{ reporting_week('events.occurred_at', 'parameters.time_zone') }} - interval 7 day as date) as week,
        {{ day_start(reporting_week('events.occurred_at', 'parameters.time_zone'), 'parameters.time_zone') }} as ends_at
    from {{ ref('funnel_events') }} as events
    cross join parameters
    where events.is_start
),

gaps as (
    select
        customer_number,
        occurred_at,
        coalesce({{ seconds_between('lag(occurred_at) over (partition by customer_number order by occurred_at, conversion_id)',
            'occurred_at') }} > {{ var('return_gap_days') }} * 86400, false) as is_return
    from {{ ref('segment_orders_told') }}
),

told as (
    select
        weeks.customer_number,
        weeks.week,
        gaps.is_return,
        {{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }} / 86400 as age
    from weeks
    inner join gaps on weeks.customer_number = gaps.customer_number and gaps.occurred_at < weeks.ends_at
),

summed as (
    select
        customer_number,
        week,
        count(*) as order_count,
        max(age) as days_since_first_order,
        min(age) as days_since_last_order,
        min(age) filter (where is_return) as days_since_return_order
    from told
    group by customer_number, week
)

select
    numbers.customer_id,
    summed.week,
    {%- for set in segment_sets() if set.name == 'lifecycle' %}
    {{ segment_name(set, segment_number(set, 'summed.week')) }} as lifecycle
    {%- endfor %}
from summed
inner join numbers on summed.customer_number = numbers.customer_number
