with touchpoints as (
    select * from {{ ref('customer_touchpoints') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

weekly as (
    select
        {{ reporting_week('touchpoints.occurred_at', 'parameters.time_zone') }} as week,
        touchpoints.source,
        count(*) as touchpoints,
        count(touchpoints.customer_id) as identified_touchpoints,
        max(touchpoints.occurred_at) as last_seen_at
    from touchpoints
    cross join parameters
    group by week, touchpoints.source
),

weeks as (
    select * from {{ ref('weeks') }}
),

sources as (
    select distinct source from weekly
)

-- Every source in every week, so that a source that fell silent shows as a zero and not as an absence.
select
    weeks.week,
    sources.source,
    coalesce(weekly.touchpoints, 0) as touchpoints,
    coalesce(weekly.identified_touchpoints, 0) as identified_touchpoints,
    cast(weekly.identified_touchpoints as double) / nullif(weekly.touchpoints, 0) as identified_share,
    weekly.last_seen_at,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from weeks
cross join sources
cross join parameters
left join weekly on weeks.week = weekly.week and sources.source = weekly.source
