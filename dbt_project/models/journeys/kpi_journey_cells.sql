with stage_cells as (
    select stage_cells.*
    from {{ ref('stage_cells') }} as stage_cells
    inner join {{ ref('funnels') }} as funnels
        on stage_cells.funnel = funnels.funnel and stage_cells.mode = funnels.default_mode
    where stage_cells.view = 'cohort' and stage_cells.breakdown = 'all' and stage_cells.funnel = 'journey'
),

weeks as (
    select * from {{ ref('weeks') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

answers as (
    select * from {{ ref('experience_answers') }} where customer_id is not null
),

csat as (
    select week, positives, answers from {{ ref('experience_cells') }} where instrument = 'CSAT'
),

stages as (
    select
        stage_cells.week,
        case when to_stage = 'purchase' then 'journey_conversion' else 'journey_completion' end as kpi,
        stage_cells.converted as numerator,
        stage_cells.entered as denominator,
        {{ cohort_is_mature(
            'stage_cells.week', 'stage_cells.window_seconds', 'parameters.as_of', 'parameters.time_zone',
            'stage_cells.open'
        ) }} as is_mature
    from stage_cells
    cross join parameters
    where (from_stage = 'awareness' and to_stage = 'purchase') or (from_stage = 'purchase' and to_stage = 'experience')
),

satisfaction as (
    select week, 'customer_satisfaction' as kpi, sum(positives) as numerator, sum(answers) as denominator,
        true as is_mature
    from csat
    group by week
),

-- Rolling 90 days: customers with two or more rated touchpoints whose means differ by a quarter of the scale at most.
touchpoint_means as (
    select weeks.week, answers.customer_id, answers.family, answers.instrument,
        cast(sum(answers.score_share) as double) / count(*) as mean_share
    from weeks
    inner join answers
        on answers.answered_at < weeks.ends_at
        and answers.answered_at >= {{ days_before('weeks.ends_at', 90) }}
    group by weeks.week, answers.customer_id, answers.family, answers.instrument
),

customers as (
    select week, customer_id, max(mean_share) - min(mean_share) as spread
    from touchpoint_means
    group by week, customer_id
    having count(*) >= 2
),

consistency as (
    select week, 'experience_consistency' as kpi, count(*) filter (where spread <= 0.25) as numerator,
        count(*) as denominator, true as is_mature
    from customers
    group by week
)

select * from stages
union all
select * from satisfaction
union all
select * from consistency
