with touches as (
    select * from {{ ref('journey_touches') }} where journey_id is not null and not is_repeat
)

select
    journey_id,
    touchpoint_id,
    occurred_at,
    activity,
    row_number() over journey as step_number,
    lead(activity) over journey as next_activity,
    {{ seconds_between('occurred_at', 'lead(occurred_at) over journey') }} as seconds_to_next
from touches
window journey as (partition by journey_id order by occurred_at, activity, touchpoint_id)
