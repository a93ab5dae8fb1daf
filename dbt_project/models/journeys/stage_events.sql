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
        stage_map.requires_purchase
    from touchpoints
    inner join stage_map
        on touchpoints.family = stage_map.family
        and touchpoints.interaction_type = stage_map.interaction_type
    inner join stages on stage_map.stage = stages.stage
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
