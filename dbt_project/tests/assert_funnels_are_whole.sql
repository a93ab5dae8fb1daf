{{ config(meta={'dagster': {'ref': {'name': 'stages'}}}) }}
-- A funnel that is not whole would count nobody and say nothing.
with steps as (
    select * from {{ ref('stages') }} where not is_exclusion
),

shapes as (
    select
        funnels.funnel,
        funnels.entry_until,
        funnels.terminal_from,
        count(steps.stage_number) as steps,
        min(steps.stage_number) as first_number,
        max(steps.stage_number) as last_number,
        count(*) filter (where steps.stage_number = 1 and steps.is_optional) as optional_firsts,
        count(*) filter (where steps.stage_number > 1 and steps.window_seconds is null) as without_window
    from {{ ref('funnels') }} as funnels
    left join steps on funnels.funnel = steps.funnel
    group by funnels.funnel, funnels.entry_until, funnels.terminal_from
)

select funnel, 'steps are not numbered 1, 2, 3 and so on, two at least' as fault
from shapes
where steps < 2 or first_number <> 1 or last_number <> steps
union all
select funnel, 'more steps than the variable max_steps' from shapes where last_number > {{ var('max_steps') }}
union all
select funnel, 'the first step is optional' from shapes where optional_firsts > 0
union all
select funnel, 'a later step has no window_seconds' from shapes where without_window > 0
union all
select funnel, 'entry_until is not before terminal_from' from shapes where entry_until >= terminal_from
union all
select exclusions.funnel, 'an exclusion step is numbered before the last step'
from {{ ref('stages') }} as exclusions
inner join shapes on exclusions.funnel = shapes.funnel
where exclusions.is_exclusion and exclusions.stage_number <= shapes.last_number
union all
select map.funnel, 'stage_map names a step of another funnel: ' || map.stage
from {{ ref('stage_map') }} as map
left join {{ ref('stages') }} as stages on map.funnel = stages.funnel and map.stage = stages.stage
where stages.stage is null
union all
select map.funnel, 'stage_map names a sub-stage that sub_stages does not hold: ' || map.stage || ', ' || map.sub_stage
from {{ ref('stage_map') }} as map
left join {{ ref('sub_stages') }} as parts on map.stage = parts.stage and map.sub_stage = parts.sub_stage
where map.sub_stage is not null and parts.sub_stage is null
union all
select 'journey', 'sub_stage_evidence names a sub-stage that sub_stages does not hold: ' || evidence.stage || ', ' || evidence.sub_stage
from {{ ref('sub_stage_evidence') }} as evidence
left join {{ ref('sub_stages') }} as parts on evidence.stage = parts.stage and evidence.sub_stage = parts.sub_stage
where parts.sub_stage is null
union all
select 'journey', 'a line of sub_stage_evidence has after_interaction or within_seconds without the other: ' || interaction_type
from {{ ref('sub_stage_evidence') }}
where (after_interaction is null) <> (within_seconds is null)
