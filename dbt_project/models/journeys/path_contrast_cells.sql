with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

mature as (
    select * from {{ ref('journey_paths') }} where is_mature
),

last_mature as (
    select max(week) as week from mature
),

journeys as (
    select mature.*
    from mature
    cross join last_mature
    where {{ days_between('mature.week', 'last_mature.week') }} < 7 * {{ var('paths_recent_weeks') }}
),

-- What came before the purchase and within its window: what follows a purchase is found with those who bought only.
contained as (
    select distinct steps.journey_id, steps.activity, journeys.is_converting
    from {{ ref('journey_steps') }} as steps
    inner join journeys on steps.journey_id = journeys.journey_id
    where {{ seconds_between('journeys.entered_at', 'steps.occurred_at') }} <= journeys.window_seconds
        and (not journeys.is_converting or steps.occurred_at < journeys.purchase_at)
),

totals as (
    select
        count(*) filter (where is_converting) as converting_journeys,
        count(*) filter (where not is_converting) as other_journeys
    from journeys
),

counted as (
    select
        activity,
        count(*) filter (where is_converting) as converting_with,
        count(*) filter (where not is_converting) as others_with
    from contained
    group by activity
)

select
    counted.activity,
    counted.converting_with,
    totals.converting_journeys,
    counted.others_with,
    totals.other_journeys
from counted
cross join totals
