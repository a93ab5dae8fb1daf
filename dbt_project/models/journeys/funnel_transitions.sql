-- Every step with the time allowed for it from the required step before, and from the first step to each later one with
-- the time allowed for the whole funnel.
with steps as (
    select * from {{ ref('stages') }} where not is_exclusion
),

anchored as (
    select
        steps.funnel,
        steps.stage_number as to_number,
        steps.stage as to_stage,
        steps.window_seconds,
        max(earlier.stage_number) as from_number
    from steps
    inner join steps as earlier
        on steps.funnel = earlier.funnel
        and earlier.stage_number < steps.stage_number
        and not earlier.is_optional
    group by steps.funnel, steps.stage_number, steps.stage, steps.window_seconds
),

numbered as (
    select funnel, from_number, to_number, to_stage, window_seconds, false as is_overall from anchored
    union all
    select anchored.funnel, 1, to_number, to_stage, funnels.window_seconds, true
    from anchored
    inner join {{ ref('funnels') }} as funnels on anchored.funnel = funnels.funnel
    where from_number > 1
)

select
    numbered.funnel,
    numbered.from_number,
    numbered.to_number,
    steps.stage as from_stage,
    numbered.to_stage,
    numbered.window_seconds,
    numbered.is_overall
from numbered
inner join steps on numbered.funnel = steps.funnel and numbered.from_number = steps.stage_number
