with stage_cells as (
    select stage_cells.*
    from {{ ref('stage_cells') }} as stage_cells
    inner join {{ ref('funnels') }} as funnels
        on stage_cells.funnel = funnels.funnel and stage_cells.mode = funnels.default_mode
    where stage_cells.view = 'cohort' and stage_cells.breakdown = 'all' and stage_cells.funnel = 'journey'
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
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
)

select * from stages
