-- What the models of journeys ask of a touchpoint; what only its mart tells stays in the touchpoints themselves.
with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

-- Numbers are sorted and joined by at a fraction of what a text costs; they hold for this warehouse only.
identifiers as (
    select
        identifier_type,
        identifier_value,
        identifier_hash,
        customer_id,
        case when customer_id is not null then dense_rank() over (order by customer_id) end as customer_number
    from {{ source('identity', 'identifiers') }}
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
    touchpoints.page_path,
    touchpoints.device_category,
    touchpoints.is_machine,
    touchpoints.machine_rule,
    touchpoints.needs_review,
    touchpoints.is_internal_test,
    touchpoints.stage_evidence,
    touchpoints.source_file_id,
    -- As in customer_conversions: an order belongs to whoever its number does.
    coalesce(numbered.customer_id, subject.customer_id) as customer_id,
    coalesce(numbered.customer_number, subject.customer_number) as customer_number,
    session_hits.visitor_hash,
    session_hits.session_number,
    session_hits.session_id,
    coalesce(session_hits.was_cut, false) as was_cut
from touchpoints
left join identifiers as subject
    on touchpoints.identifier_type = subject.identifier_type
    and touchpoints.identifier_value = subject.identifier_value
left join identifiers as numbered
    on numbered.identifier_type = 'order_name'
    and touchpoints.identifier_type = 'email'
    and touchpoints.family = 'commerce'
    and touchpoints.order_ref = numbered.identifier_hash
left join session_hits on touchpoints.touchpoint_id = session_hits.touchpoint_id
