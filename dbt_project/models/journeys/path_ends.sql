with touches as (
    select * from {{ ref('marketing_touches') }} where touch_type = 'click'
),

conversions as (
    select * from {{ ref('attributed_conversions') }} where customer_id is not null
),

types as (
    select * from {{ ref('conversion_types') }}
    where conversion_type in (select conversion_type from conversions)
),

kinds as (
    select distinct based_on from types
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- Touches and conversions of one customer in one line of time, once per kind of fact.
steps as (
    select kinds.based_on, touches.customer_id, touches.touched_at as step_at, touches.touchpoint_id as step_id,
        touches.channel, 0 as is_conversion
    from touches
    cross join kinds
    union all
    select distinct based_on, customer_id, occurred_at, conversion_id, null, 1 from conversions
),

marked as (
    select
        *,
        case
            when lag(is_conversion) over path = 1 then 1
            when {{ seconds_between('lag(step_at) over path', 'step_at') }} > {{ var('null_after_days') }} * 86400 then 1
            else 0
        end as starts_run,
        sum(is_conversion) over so_far as earlier_conversions
    from steps
    window
        path as (partition by based_on, customer_id order by step_at, is_conversion, step_id),
        so_far as (partition by based_on, customer_id order by step_at, is_conversion, step_id rows unbounded preceding)
),

runs as (
    select
        *,
        sum(starts_run) over (
            partition by based_on, customer_id order by step_at, is_conversion, step_id rows unbounded preceding
        ) as run_number
    from marked
),

silent as (
    select
        *,
        max(is_conversion) over run as has_conversion,
        max(step_at) over run as last_at
    from runs
    window run as (partition by based_on, customer_id, run_number)
)

-- A path without a conversion ends on its 30th silent day: only then is it known not to have converted. A path still
-- younger than that is in neither count, so recent weeks are not counted as lost. Who has bought cannot buy for the
-- first time any more, and who has not cannot buy again: neither is a lost path of that type.
select
    types.conversion_type,
    silent.customer_id,
    silent.run_number,
    silent.channel,
    silent.step_at as touched_at,
    silent.step_id as touchpoint_id,
    silent.last_at + interval {{ var('null_after_days') }} day as ended_at
from silent
inner join types on silent.based_on = types.based_on
cross join parameters
left join {{ ref('lookbacks') }} as lookbacks
    on types.conversion_type = lookbacks.conversion_type and silent.channel = lookbacks.channel
where silent.has_conversion = 0
    and silent.last_at + interval {{ var('null_after_days') }} day <= parameters.as_of
    and {{ seconds_between('silent.step_at', 'silent.last_at') }}
        <= coalesce(lookbacks.click_lookback_seconds, types.click_lookback_seconds)
    and (types.occurrence = 'any' or (types.occurrence = 'first') = (silent.earlier_conversions = 0))
