-- What the models of journeys ask of a touchpoint; what only its mart tells stays in the touchpoints themselves.
with identifiers as (
    select * from {{ ref('identifier_numbers') }}
),

session_hits as (
    select * from {{ ref('session_hits') }}
)

select
    touchpoints.touchpoint_id,
    touchpoints.source,
    touchpoints.visitor_type,
    touchpoints.visitor_id,
    touchpoints.occurred_at,
    touchpoints.family,
    touchpoints.channel,
    touchpoints.utm_source,
    touchpoints.utm_medium,
    touchpoints.campaign,
    touchpoints.campaign_id,
    touchpoints.click_id,
    touchpoints.interaction_type,
    touchpoints.direction,
    touchpoints.page_path,
    touchpoints.device_category,
    touchpoints.is_machine,
    touchpoints.machine_rule,
    touchpoints.needs_review,
    touchpoints.is_internal_test,
    touchpoints.consent_analytics,
    touchpoints.consent_ads,
    touchpoints.stage_evidence,
    touchpoints.source_file_id,
    -- As in customer_conversions: an order belongs to whoever its number does.
    coalesce(numbered.customer_id, subject.customer_id) as customer_id,
    coalesce(numbered.customer_number, subject.customer_number) as customer_number,
    session_hits.session_number,
    coalesce(session_hits.was_cut, false) as was_cut
from {{ ref('touchpoints') }} as touchpoints
left join identifiers as subject
    on touchpoints.identifier_type = subject.identifier_type
    and touchpoints.identifier_value = subject.identifier_value
left join identifiers as numbered
    on numbered.identifier_type = 'order_name'
    and touchpoints.identifier_type = 'email'
    and touchpoints.family = 'commerce'
    and touchpoints.order_ref = numbered.identifier_hash
left join session_hits on {{ row_key('touchpoints') }} = session_hits.row_key
