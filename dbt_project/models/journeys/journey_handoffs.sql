{{ config(materialized='view') }}
-- A form filled in again, or a basket filled again, after coming by another channel: the first channel's context was lost.
with steps as (
    select
        touches.journey_id,
        touches.occurred_at,
        coalesce(sessions.channel, touches.channel, touches.family) as channel,
        lag(coalesce(sessions.channel, touches.channel, touches.family)) over ordered as last_channel,
        lag(touches.occurred_at) over ordered as last_at
    from {{ ref('journey_touches') }} as touches
    inner join {{ ref('customer_touchpoints') }} as owners on touches.touchpoint_id = owners.touchpoint_id
    left join {{ ref('sessions') }} as sessions on owners.session_number = sessions.session_number
    where touches.journey_id is not null
        and touches.interaction_type in (
            {%- for name in var('handoff_interactions') %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
    window ordered as (
        partition by touches.journey_id, touches.interaction_type order by touches.occurred_at, touches.touchpoint_id
    )
)

select
    journey_id,
    count(*) filter (
        where channel <> last_channel
            and {{ seconds_between('last_at', 'occurred_at') }} <= {{ var('handoff_hours') }} * 3600
    ) as lost
from steps
group by journey_id
