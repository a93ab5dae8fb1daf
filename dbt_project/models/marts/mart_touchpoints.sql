with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

owners as (
    select touchpoint_id, customer_id, session_number from {{ ref('customer_touchpoints') }}
),

stage_events as (
    select event_id, stage from {{ ref('journey_events') }}
),

costs as (
    select * from {{ ref('touch_costs') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
)

select
    {{ id_text('touchpoints.touchpoint_id') }} as touchpoint_id,
    owners.customer_id,
    touchpoints.occurred_at,
    touchpoints.occurred_at_precision,
    touchpoints.is_time_ambiguous,
    touchpoints.family,
    touchpoints.channel,
    touchpoints.channel_rule_version,
    touchpoints.utm_source,
    touchpoints.utm_medium,
    touchpoints.campaign,
    touchpoints.content,
    touchpoints.interaction_type,
    touchpoints.direction,
    sessions.session_id,
    touchpoints.stage_evidence,
    stage_events.stage,
    cast(costs.cost_amount as decimal(18, 6)) as cost_amount,
    case when costs.cost_amount is not null then parameters.reporting_currency end as reporting_currency,
    touchpoints.source,
    touchpoints.order_ref,
    touchpoints.is_machine,
    touchpoints.machine_rule,
    touchpoints.needs_review,
    touchpoints.is_internal_test,
    touchpoints.consent_analytics,
    touchpoints.consent_ads,
    touchpoints.source_file_id,
    touchpoints.source_row_number
from touchpoints
cross join parameters
inner join owners on touchpoints.touchpoint_id = owners.touchpoint_id
left join {{ ref('sessions') }} as sessions on owners.session_number = sessions.session_number
left join stage_events on touchpoints.touchpoint_id = stage_events.event_id
left join costs on touchpoints.touchpoint_id = costs.touchpoint_id
