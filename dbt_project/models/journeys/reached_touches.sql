{{ config(materialized='view') }}
-- Every candidate in reach of a conversion, with the reason why it may earn nothing or none.
with steps as (
    select * from {{ ref('touch_cycles') }}
),

considerations as (
    select customer_id, based_on, cycle, max(step_at) as considered_at
    from steps
    where step_kind = 1
    group by customer_id, based_on, cycle
),

met as (
    select
        reach.*,
        steps.step_id as touchpoint_id,
        steps.step_at as touched_at,
        steps.channel,
        steps.campaign,
        steps.touch_type,
        steps.exclusion,
        {{ seconds_between('steps.step_at', 'reach.occurred_at') }} as seconds_before
    from {{ ref('conversion_reach') }} as reach
    inner join steps
        on reach.customer_id = steps.customer_id
        and reach.based_on = steps.based_on
        and reach.cycle = steps.cycle
    where steps.step_kind = 0
),

pairs as (
    select
        met.*,
        considerations.considered_at,
        met.seconds_before <= {{ lookback_seconds('met', 'met', 'lookbacks') }} as is_in_lookback
    from met
    left join {{ ref('lookbacks') }} as lookbacks
        on met.conversion_type = lookbacks.conversion_type and met.channel = lookbacks.channel
    left join considerations
        on met.customer_id = considerations.customer_id
        and met.based_on = considerations.based_on
        and met.earlier_conversions = considerations.cycle
    where met.seconds_before <= met.longest_seconds
)

select
    *,
    case
        when exclusion is not null then exclusion
        when not is_in_lookback then 'outside the lookback'
    end as reason
from pairs
