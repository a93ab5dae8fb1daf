-- Ranked within the week of entry: what comes in a later week must not redraw an earlier one.
with steps as (
    select * from {{ ref('journey_steps') }}
),

journeys as (
    select journey_id, week from {{ ref('journey_paths') }}
),

counted as (
    select journeys.week, steps.activity, count(*) as steps
    from steps
    inner join journeys on steps.journey_id = journeys.journey_id
    group by journeys.week, steps.activity
),

ranked as (
    select *, row_number() over (partition by week order by steps desc, activity) as activity_rank
    from counted
)

select
    week,
    activity,
    steps,
    activity_rank,
    case when activity_rank <= {{ var('paths_top_activities') }} then activity else 'other' end as shown_activity
from ranked
