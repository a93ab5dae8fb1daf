{{ config(materialized='view') }}
with touchpoints as (
    select
        seen.touchpoint_id,
        seen.customer_id,
        seen.customer_number,
        seen.occurred_at,
        seen.family,
        seen.interaction_type,
        seen.page_path,
        seen.stage_evidence,
        denied.touchpoint_id is not null as is_denied
    from {{ ref('customer_touchpoints') }} as seen
    left join {{ ref('denied_touches') }} as denied on seen.touchpoint_id = denied.touchpoint_id
    where seen.customer_id is not null
        and not coalesce(seen.is_machine, false)
        and not coalesce(seen.is_internal_test, false)
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
{%- set kind = 'stage_map.funnel, kinds.family, kinds.interaction_type, kinds.page_path' %}
{%- set most_specific -%}
case when stage_map.page_pattern is null then 1 else 0 end,
                case when stage_map.family = 'any' then 1 else 0 end,
                length(stage_map.page_pattern) desc,
                stage_map.page_pattern
{%- endset %}
ranked as (
    select
        kinds.*,
        stage_map.funnel,
        stage_map.stage,
        stage_map.sub_stage,
        stage_map.requires_purchase,
        row_number() over (
            partition by {{ kind }}
            order by
                {{ most_specific }}
        ) as place,
        row_number() over (
            partition by {{ kind }}, stage_map.requires_purchase
            order by
                {{ most_specific }}
        ) as place_among_its_like
    from kinds
    inner join stage_map
        on kinds.interaction_type = stage_map.interaction_type
        and stage_map.family in (kinds.family, 'any')
        and (stage_map.page_pattern is null or {{ full_match('kinds.page_path', 'stage_map.page_pattern') }})
),

-- A prospect's ticket is no proof of a purchase: what requires one counts once the purchase is a fact. Before, the page
-- or event is what the most specific line without that demand says it is.
proofs as (
    select
        first_lines.family,
        first_lines.interaction_type,
        first_lines.page_path,
        first_lines.funnel,
        first_lines.requires_purchase,
        first_lines.stage,
        first_lines.sub_stage,
        prospect_lines.stage as prospect_stage,
        prospect_lines.sub_stage as prospect_sub_stage
    from ranked as first_lines
    left join ranked as prospect_lines
        on first_lines.funnel = prospect_lines.funnel
        and first_lines.family = prospect_lines.family
        and first_lines.interaction_type = prospect_lines.interaction_type
        and first_lines.page_path = prospect_lines.page_path
        and not prospect_lines.requires_purchase
        and prospect_lines.place_among_its_like = 1
    where first_lines.place = 1
),

told as (
    select
        touchpoints.*,
        proofs.funnel,
        proofs.requires_purchase,
        proofs.stage,
        proofs.sub_stage,
        proofs.prospect_stage,
        proofs.prospect_sub_stage
    from touchpoints
    inner join proofs
        on touchpoints.family = proofs.family
        and touchpoints.interaction_type = proofs.interaction_type
        and coalesce(touchpoints.page_path, '') = proofs.page_path
    -- What the source itself calls a stage of the journey stands; it knows its own funnel.
    where proofs.funnel <> 'journey' or touchpoints.stage_evidence is null
    union all
    select touchpoints.*, stages.funnel, stages.stage_number > 3, stages.stage, null, null, null
    from touchpoints
    inner join stages
        on stages.funnel = 'journey'
        and touchpoints.stage_evidence in (stages.stage, coalesce(stages.alias, stages.stage))
),

purchases as (
    select customer_number, min(occurred_at) as first_purchase_at
    from told
    where funnel = 'journey' and stage = 'purchase'
    group by customer_number
),

proven as (
    select
        told.funnel,
        told.customer_id,
        told.customer_number,
        told.touchpoint_id,
        told.occurred_at,
        told.is_denied,
        case when not told.requires_purchase or coalesce(purchases.first_purchase_at <= told.occurred_at, false) then told.stage else told.prospect_stage end as stage,
        case when not told.requires_purchase or coalesce(purchases.first_purchase_at <= told.occurred_at, false) then told.sub_stage else told.prospect_sub_stage end as sub_stage
    from told
    left join purchases on told.customer_number = purchases.customer_number
)

select
    proven.funnel,
    proven.customer_id,
    proven.customer_number,
    proven.touchpoint_id as event_id,
    proven.occurred_at,
    stages.stage_number,
    stages.stage,
    proven.sub_stage,
    stages.is_exclusion,
    proven.is_denied
from proven
inner join stages on proven.funnel = stages.funnel and proven.stage = stages.stage
