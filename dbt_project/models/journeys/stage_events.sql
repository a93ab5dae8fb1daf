with touchpoints as (
    select *
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

stage_map as (
    select * from {{ ref('stage_map') }}
),

stages as (
    select * from {{ ref('stages') }}
),

evidence as (
    select
        touchpoints.customer_id,
        touchpoints.touchpoint_id as event_id,
        touchpoints.occurred_at,
        touchpoints.session_id,
        touchpoints.family,
        stages.stage_number,
        stages.stage,
        coalesce(stage_map.requires_purchase, stages.stage_number > 3) as requires_purchase
    from touchpoints
    left join stage_map
        on touchpoints.family = stage_map.family
        and touchpoints.interaction_type = stage_map.interaction_type
    -- What the source itself calls a stage stands; it knows its own funnel.
    inner join stages on coalesce(touchpoints.stage_evidence, stage_map.stage) = stages.stage
),

with_purchase as (
    select
        *,
        min(case when stage_number = 3 then occurred_at end) over (partition by customer_id) as first_purchase_at
    from evidence
)

select
    customer_id,
    event_id,
    occurred_at,
    session_id,
    family,
    stage_number,
    stage
from with_purchase
-- A prospect's ticket is no proof of a purchase: later stages count once the purchase is a fact.
where not requires_purchase or first_purchase_at <= occurred_at
