{{ config(materialized='view') }}
-- Every customer with an order at the end of each week, in the groups that who answers is held against. A state lasts
-- from one order to the next, so a week finds it without adding up anything.
with ordered as (
    select
        *,
        coalesce({{ seconds_between('lag(occurred_at) over (partition by customer_number order by occurred_at, conversion_id)',
            'occurred_at') }} > {{ var('return_gap_days') }} * 86400, false) as is_return
    from {{ ref('segment_orders_told') }}
),

states as (
    select
        customer_number,
        occurred_at as last_at,
        lead(occurred_at) over line as next_at,
        row_number() over line as order_count,
        min(occurred_at) over line as first_at,
        max(case when is_return then occurred_at end) over line as return_at,
        sum(value) over line as value_so_far
    from ordered
    window line as (
        partition by customer_number order by occurred_at, conversion_id
        rows between unbounded preceding and current row
    )
),

told as (
    select
        weeks.week,
        states.customer_number,
        states.order_count,
        states.value_so_far,
        weeks.ends_at,
        {%- for name in ['first', 'last', 'return'] %}
        {{ seconds_between('states.' ~ name ~ '_at', 'weeks.ends_at') }} / 86400 as days_since_{{ name }}_order
        {{- ',' if not loop.last }}
        {%- endfor %}
    from states
    inner join {{ ref('weeks') }} as weeks
        on states.last_at < weeks.ends_at and (states.next_at is null or states.next_at >= weeks.ends_at)
),

entries as (
    select customer_number, entered_at, entry_channel from {{ ref('journeys') }} where journey_number = 1
)

select
    told.week,
    told.customer_number,
    {%- for set in segment_sets() if set.name == 'lifecycle' %}
    {{ segment_name(set, segment_number(set, 'told.week')) }} as lifecycle,
    {%- endfor %}
    -- Ties share a third, so that no order of rows decides.
    cast(1 + floor(3.0 * (rank() over (partition by told.week order by told.value_so_far) - 1)
        / count(*) over (partition by told.week)) as integer) as value_third,
    case when entries.entered_at < told.ends_at then coalesce(entries.entry_channel, 'unknown') else 'unknown' end
        as entry_channel
from told
left join entries on told.customer_number = entries.customer_number
