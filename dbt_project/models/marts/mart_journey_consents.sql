-- What denied consent moves of journeys: who is seen in each stage, without and with the touches it takes out.
with seen as (
    select
        {{ reporting_week('events.occurred_at', 'parameters.time_zone') }} as week,
        events.stage_number,
        events.stage,
        events.customer_number,
        count(*) as touches,
        sum(case when events.is_denied then 1 else 0 end) as denied_touches
    from {{ ref('stage_events') }} as events
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where events.funnel = 'journey' and not events.is_exclusion
    group by
        {{ reporting_week('events.occurred_at', 'parameters.time_zone') }},
        events.stage_number,
        events.stage,
        events.customer_number
)

select
    seen.week,
    seen.stage_number,
    seen.stage,
    cast(sum(seen.touches) as bigint) as touches,
    cast(sum(seen.denied_touches) as bigint) as denied_touches,
    cast(sum(seen.denied_touches) as double) / sum(seen.touches) as denied_share,
    cast(sum(case when seen.touches > seen.denied_touches then 1 else 0 end) as bigint) as customers,
    count(*) as customers_with_denied,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from seen
cross join {{ source('raw', 'run_parameters') }} as parameters
group by seen.week, seen.stage_number, seen.stage, parameters.as_of
