with touches as (
    select * from {{ ref('marketing_touches') }}
),

conversions as (
    select * from {{ ref('customer_conversions') }} where is_counted and customer_id is not null
),

types as (
    select distinct conversion_type from conversions
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- Touches and conversions of one customer in one line of time, once per conversion type.
steps as (
    select types.conversion_type, touches.customer_id, touches.touched_at as step_at, touches.touchpoint_id as step_id,
        touches.channel, 0 as is_conversion
    from touches
    cross join types
    union all
    select conversion_type, customer_id, occurred_at, conversion_id, null, 1 from conversions
),

marked as (
    select
        *,
        case
            when lag(is_conversion) over path = 1 then 1
            when {{ seconds_between('lag(step_at) over path', 'step_at') }} > {{ var('null_after_days') }} * 86400 then 1
            else 0
        end as starts_run
    from steps
    window path as (partition by conversion_type, customer_id order by step_at, is_conversion, step_id)
),

runs as (
    select
        *,
        sum(starts_run) over (
            partition by conversion_type, customer_id order by step_at, is_conversion, step_id rows unbounded preceding
        ) as run_number
    from marked
),

silent as (
    select
        *,
        max(is_conversion) over run as has_conversion,
        max(step_at) over run as last_at
    from runs
    window run as (partition by conversion_type, customer_id, run_number)
)

-- A path without a conversion ends on its 30th silent day: only then is it known not to have converted. A path still
-- younger than that is in neither count, so recent weeks are not counted as lost.
select
    conversion_type,
    customer_id,
    run_number,
    channel,
    step_at as touched_at,
    step_id as touchpoint_id,
    last_at + interval {{ var('null_after_days') }} day as ended_at
from silent
cross join parameters
where has_conversion = 0
    and last_at + interval {{ var('null_after_days') }} day <= parameters.as_of
    and step_at >= {{ days_before('last_at', var('click_lookback_days')) }}
