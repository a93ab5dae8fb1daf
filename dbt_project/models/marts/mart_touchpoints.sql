with touchpoints as (
    select * from {{ ref('customer_touchpoints') }}
),

stage_events as (
    select event_id, stage from {{ ref('journey_events') }}
)

select
    touchpoints.touchpoint_id,
    touchpoints.customer_id,
    touchpoints.occurred_at,
    touchpoints.family,
    touchpoints.channel,
    touchpoints.utm_source,
    touchpoints.utm_medium,
    touchpoints.campaign,
    touchpoints.interaction_type,
    touchpoints.session_id,
    stage_events.stage,
    touchpoints.source,
    touchpoints.order_ref,
    touchpoints.is_machine,
    touchpoints.is_internal_test,
    touchpoints.consent_analytics
from touchpoints
left join stage_events on touchpoints.touchpoint_id = stage_events.event_id
