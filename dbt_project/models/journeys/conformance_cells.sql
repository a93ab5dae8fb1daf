with journeys as (
    select * from {{ ref('journey_paths') }}
),

designed as (
    select * from {{ ref('designed_journeys') }}
),

design_steps as (
    select distinct design, step_number, step, is_required from designed
),

activities as (
    select distinct activity from {{ ref('path_activities') }}
),

-- Which step of a design an activity is; `*` stands for any text.
matched as (
    select distinct designed.design, designed.step_number, activities.activity
    from activities
    inner join designed on {{ matches_pattern('activities.activity', 'designed.activity_pattern') }}
),

taken as (
    select steps.journey_id, matched.design, matched.step_number, min(steps.occurred_at) as first_at
    from {{ ref('journey_steps') }} as steps
    inner join matched on steps.activity = matched.activity
    group by steps.journey_id, matched.design, matched.step_number
),

-- Every journey against every step, taken or not.
held as (
    select
        journeys.journey_id,
        journeys.week,
        journeys.is_mature,
        design_steps.design,
        design_steps.step_number,
        design_steps.step,
        design_steps.is_required,
        taken.first_at,
        max(taken.first_at) over (
            partition by journeys.journey_id, design_steps.design order by design_steps.step_number
            rows between unbounded preceding and 1 preceding
        ) as latest_before,
        max(case when taken.first_at is not null then design_steps.step_number end) over (
            partition by journeys.journey_id, design_steps.design
        ) as furthest_step
    from journeys
    cross join design_steps
    left join taken
        on journeys.journey_id = taken.journey_id
        and design_steps.design = taken.design
        and design_steps.step_number = taken.step_number
),

-- A step nobody has come to yet is not skipped: only one that a later step has left behind.
judged as (
    select
        *,
        is_required and first_at is null and coalesce(step_number < furthest_step, false) as is_skipped,
        coalesce(first_at < latest_before, false) as is_out_of_order
    from held
),

findings as (
    select week, design, 'skipped:' || step as finding, is_mature,
        count(*) as journeys, count(*) filter (where is_skipped) as found
    from judged
    where is_required
    group by week, design, step, is_mature
    union all
    select week, design, 'out_of_order:' || step, is_mature, count(*), count(*) filter (where is_out_of_order)
    from judged
    group by week, design, step, is_mature
),

whole as (
    select journey_id, week, design, is_mature, max(case when is_skipped or is_out_of_order then 1 else 0 end) as deviates
    from judged
    group by journey_id, week, design, is_mature
)

select week, design, 'conforming' as finding, is_mature, count(*) as journeys, count(*) filter (where deviates = 0) as found
from whole
group by week, design, is_mature
union all
select * from findings
