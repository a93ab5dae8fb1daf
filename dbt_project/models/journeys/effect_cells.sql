-- One row per week of entry, metric, breakdown and member: who entered a step and who got through it well and in time.
-- Members only of breakdowns that an action names: its effect is measured on the one against the others.
with asked as (
    select distinct metric, breakdown from {{ ref('actions') }} where breakdown is not null
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

moves as (
    select
        week,
        case when funnel <> 'journey' then funnel || ':' else '' end || from_stage || '>' || to_stage as metric,
        breakdown,
        member,
        window_seconds,
        entered,
        converted,
        open
    from {{ ref('stage_cells') }}
    where view = 'cohort' and is_default_mode
    union all
    select week, step, breakdown, member, window_seconds, entered, entered - dropped - open, open
    from {{ ref('pain_step_cells') }}
    where kind <> 'transition'
)

select
    moves.week,
    moves.metric,
    moves.breakdown,
    moves.member,
    moves.window_seconds,
    moves.entered,
    moves.converted,
    {{ cohort_is_mature(
        'moves.week', 'moves.window_seconds', 'parameters.as_of', 'parameters.time_zone', 'moves.open'
    ) }} as is_mature
from moves
cross join parameters
left join asked on moves.metric = asked.metric and moves.breakdown = asked.breakdown
where moves.breakdown = 'all' or asked.metric is not null
