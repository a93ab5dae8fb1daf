{{ config(materialized='view') }}
with conversions as (
    select * from {{ ref('attributed_conversions') }} where customer_id is not null
),

longest as (
    select
        conversion_type,
        max(greatest(coalesce(click_lookback_seconds, 0), coalesce(view_lookback_seconds, 0))) as longest_seconds
    from {{ ref('lookbacks') }}
    group by conversion_type
),

types as (
    select
        types.*,
        greatest(types.click_lookback_seconds, types.view_lookback_seconds, coalesce(longest.longest_seconds, 0))
            as longest_seconds
    from {{ ref('conversion_types') }} as types
    left join longest on types.conversion_type = longest.conversion_type
),

facts as (
    select distinct customer_id, based_on, conversion_id, occurred_at, earlier_conversions from conversions
),

-- Whose touches a conversion may be credited with: those of its own cycle, or of every cycle its lookback reaches. One
-- key of customer, kind and cycle finds them: by the customer alone each touch would meet each conversion.
reach as (
    select *, earlier_conversions as cycle from conversions
    union all
    select conversions.*, facts.earlier_conversions
    from conversions
    inner join types
        on conversions.conversion_type = types.conversion_type and not types.starts_new_cycle
    inner join facts
        on conversions.customer_id = facts.customer_id
        and conversions.based_on = facts.based_on
        and conversions.earlier_conversions > facts.earlier_conversions
        and {{ seconds_between('facts.occurred_at', 'conversions.occurred_at') }} <= types.longest_seconds
)

select
    reach.*,
    types.click_lookback_seconds,
    types.view_lookback_seconds,
    types.longest_seconds,
    types.max_steps
from reach
inner join types on reach.conversion_type = types.conversion_type
