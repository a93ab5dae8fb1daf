with steps as (
    select * from {{ ref('journey_steps') }}
),

counted as (
    select activity, count(*) as steps
    from steps
    group by activity
),

ranked as (
    select *, row_number() over (order by steps desc, activity) as activity_rank
    from counted
)

select
    activity,
    steps,
    activity_rank,
    case when activity_rank <= {{ var('paths_top_activities') }} then activity else 'other' end as shown_activity
from ranked
