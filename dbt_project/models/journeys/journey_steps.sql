with touches as (
    select * from {{ ref('journey_touches') }} where journey_id is not null and not is_repeat
)

select
    journey_id,
    customer_number,
    journey_number,
    occurred_at,
    activity,
    row_number() over journey as step_number,
    lead(activity) over journey as next_activity,
    {{ seconds_between('occurred_at', 'lead(occurred_at) over journey') }} as seconds_to_next
from touches
window journey as (partition by customer_number, journey_number order by occurred_at, activity, touchpoint_id)
