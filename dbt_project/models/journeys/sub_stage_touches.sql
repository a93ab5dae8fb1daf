-- An obstacle or an assurance on the way to a stage is no evidence that it was reached: it belongs to the stage all the
-- same, as long as the journey has not come that far.
with lines as (
    select lines.*, stages.stage_number
    from {{ ref('sub_stage_evidence') }} as lines
    inner join {{ ref('stages') }} as stages on stages.funnel = 'journey' and lines.stage = stages.stage
),

stages as (
    select stage, stage_number from {{ ref('stages') }} where funnel = 'journey'
),

journey_touches as (
    select * from {{ ref('journey_touches') }} where journey_id is not null
),

touchpoints as (
    select touchpoint_id, family, interaction_type, coalesce(page_path, '') as page_path
    from {{ ref('customer_touchpoints') }}
    where interaction_type in (select interaction_type from lines)
),

-- What a touch tells depends on these three alone, and there are few of them however many touches.
kinds as (
    select distinct family, interaction_type, page_path from touchpoints
),

matched as (
    select kinds.*, lines.stage, lines.stage_number, lines.sub_stage, lines.after_interaction, lines.within_seconds
    from kinds
    inner join lines
        on kinds.interaction_type = lines.interaction_type
        and lines.family in (kinds.family, 'any')
        and (lines.page_pattern is null or {{ full_match('kinds.page_path', 'lines.page_pattern') }})
),

told as (
    select
        journey_touches.journey_id,
        journey_touches.occurred_at,
        matched.stage,
        matched.sub_stage,
        matched.after_interaction,
        matched.within_seconds
    from touchpoints
    inner join matched
        on touchpoints.family = matched.family
        and touchpoints.interaction_type = matched.interaction_type
        and touchpoints.page_path = matched.page_path
    inner join journey_touches on touchpoints.touchpoint_id = journey_touches.touchpoint_id
    inner join stages as reached on journey_touches.stage = reached.stage
    where reached.stage_number < matched.stage_number
),

-- What counts only after another touch stands in one line of time with it; of one instant the other comes first.
line as (
    select *, 1 as is_told from told where after_interaction is not null
    union all
    select journey_id, occurred_at, null, null, interaction_type, null, 0
    from journey_touches
    where interaction_type in (select after_interaction from lines where after_interaction is not null)
),

followed as (
    select
        *,
        max(case when is_told = 0 then occurred_at end) over (
            partition by journey_id, after_interaction order by occurred_at, is_told rows unbounded preceding
        ) as last_before_at
    from line
)

select journey_id, occurred_at, stage, sub_stage from told where after_interaction is null
union
select journey_id, occurred_at, stage, sub_stage
from followed
where is_told = 1 and {{ seconds_between('last_before_at', 'occurred_at') }} <= within_seconds
