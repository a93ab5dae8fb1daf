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

-- What a touchpoint proves depends on these three alone, and there are few of them however many touchpoints.
kinds as (
    select distinct family, interaction_type, coalesce(page_path, '') as page_path
    from touchpoints
),

-- Of the lines that match, per funnel, the most specific: a page before any page, its own family before any, then the
-- longer pattern, then the pattern itself.
ranked as (
    select
        kinds.*,
        stage_map.funnel,
        stage_map.stage,
        stage_map.sub_stage,
        stage_map.requires_purchase,
        row_number() over (
            partition by stage_map.funnel, kinds.family, kinds.interaction_type, kinds.page_path
            order by
                case when stage_map.page_pattern is null then 1 else 0 end,
                case when stage_map.family = 'any' then 1 else 0 end,
                length(stage_map.page_pattern) desc,
                stage_map.page_pattern
        ) as place
    from kinds
    inner join stage_map
        on kinds.interaction_type = stage_map.interaction_type
        and (stage_map.family in (kinds.family, 'any'))
        and (stage_map.page_pattern is null or {{ full_match('kinds.page_path', 'stage_map.page_pattern') }})
),

proofs as (
    select * from ranked where place = 1
),

told as (
    select touchpoints.*, proofs.funnel, proofs.stage as told_stage, proofs.sub_stage, proofs.requires_purchase
    from touchpoints
    inner join proofs
        on touchpoints.family = proofs.family
        and touchpoints.interaction_type = proofs.interaction_type
        and coalesce(touchpoints.page_path, '') = proofs.page_path
    -- What the source itself calls a stage of the journey stands; it knows its own funnel.
    where proofs.funnel <> 'journey' or touchpoints.stage_evidence is null
    union all
    select touchpoints.*, 'journey', stage_evidence, null, null
    from touchpoints
    where stage_evidence is not null
),

evidence as (
    select
        told.*,
        stages.stage_number,
        stages.stage,
        stages.is_exclusion,
        -- Evidence a source states counts from the fourth stage on once the customer has bought, like any other.
        coalesce(told.requires_purchase, stages.stage_number > 3) as needs_purchase
    from told
    inner join stages
        on told.funnel = stages.funnel
        and told.told_stage in (stages.stage, coalesce(stages.alias, stages.stage))
),

purchases as (
    select customer_id, min(occurred_at) as first_purchase_at
    from evidence
    where funnel = 'journey' and stage = 'purchase'
    group by customer_id
)

select
    evidence.funnel,
    evidence.customer_id,
    evidence.touchpoint_id as event_id,
    evidence.occurred_at,
    evidence.session_id,
    evidence.family,
    evidence.device_category,
    evidence.stage_number,
    evidence.stage,
    evidence.sub_stage,
    evidence.is_exclusion
from evidence
left join purchases on evidence.customer_id = purchases.customer_id
-- A prospect's ticket is no proof of a purchase: later stages count once the purchase is a fact.
where not evidence.needs_purchase or purchases.first_purchase_at <= evidence.occurred_at
