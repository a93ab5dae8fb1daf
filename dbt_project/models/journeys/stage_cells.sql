{%- set breakdowns = entry_breakdowns() %}
{%- set uncounted %}
        cast(null as bigint) as imputed,
        cast(null as bigint) as open,
        cast(null as double) as median_seconds,
        cast(null as double) as p75_seconds,
        cast(null as double) as p90_seconds
{%- endset %}
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

funnels as (
    select * from {{ ref('funnels') }}
),

transitions as (
    select * from {{ ref('funnel_transitions') }}
),

moves as (
    {{ moves_of_journeys() }}
),

everybody as (
    select
        entered_week as week,
        funnel,
        mode,
        from_stage,
        to_stage,
        'all' as breakdown,
        'all' as member,
        window_seconds,
        {{ cohort_counts() }}
    from moves
    cross join parameters
    group by entered_week, funnel, mode, from_stage, to_stage, window_seconds
),

-- One pass for all breakdowns, of the funnel's own mode.
members as (
    select
        entered_week as week,
        moves.funnel,
        mode,
        from_stage,
        to_stage,
        case
            {%- for breakdown in breakdowns %} when grouping({{ breakdown }}) = 0 then '{{ breakdown }}'
            {%- endfor %} end as breakdown,
        coalesce({{ breakdowns | join(', ') }}) as member,
        moves.window_seconds,
        {{ cohort_counts() }}
    from {{ ref('transitions_of_journeys') }} as moves
    inner join funnels on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join parameters
    group by grouping sets (
        {%- for breakdown in breakdowns %}
        (entered_week, moves.funnel, mode, from_stage, to_stage, moves.window_seconds, {{ breakdown }})
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
),

cohort as (
    select 'cohort' as view, * from everybody
    union all
    select 'cohort', * from members
),

-- Entries of a week into the one stage and into the other, whoever they are of.
entries as (
    select week, funnel, mode, stage_number, count(*) as entries
    from ({{ entries_of_journeys() }}) as entered_steps
    group by week, funnel, mode, stage_number
),

flow as (
    select
        'flow' as view,
        entries.week,
        entries.funnel,
        entries.mode,
        transitions.from_stage,
        transitions.to_stage,
        'all' as breakdown,
        'all' as member,
        transitions.window_seconds,
        sum(case when entries.stage_number = transitions.from_number then entries.entries else 0 end) as entered,
        sum(case when entries.stage_number = transitions.to_number then entries.entries else 0 end) as converted,
        {{ uncounted }}
    from entries
    inner join transitions
        on entries.funnel = transitions.funnel
        and entries.stage_number in (transitions.from_number, transitions.to_number)
    group by
        entries.week, entries.funnel, entries.mode, transitions.from_stage, transitions.to_stage,
        transitions.window_seconds
),

-- A journey is in a stage from its entry to its next step, or until the silence that ends a cycle.
stays as (
    select
        moves.funnel,
        moves.mode,
        moves.from_stage,
        moves.to_stage,
        moves.window_seconds,
        moves.entered_week as first_week,
        moves.moved_week,
        journeys.silent_week,
        count(*) as journeys
    from moves
    inner join {{ ref('funnel_journeys') }} as journeys
        on moves.funnel = journeys.funnel
        and moves.customer_number = journeys.customer_number
        and moves.journey_number = journeys.journey_number
    where not moves.is_overall and (moves.moved_at is null or moves.moved_at >= moves.entered_at)
    group by
        moves.funnel, moves.mode, moves.from_stage, moves.to_stage, moves.window_seconds, moves.entered_week,
        moves.moved_week, journeys.silent_week
),

changes as (
    select first_week as week, stays.*, journeys as arrived, 0 as gone, 0 as moved from stays
    union all
    select cast(coalesce(moved_week, silent_week) + interval 7 day as date), stays.*, 0, journeys, 0 from stays
    union all
    select moved_week, stays.*, 0, 0, journeys from stays where moved_week is not null
),

lines as (
    select distinct funnel, mode, from_stage, to_stage, window_seconds from stays
),

-- Who is in the stage at any time of a week came by its end and had not gone before it began.
standing as (
    select
        weeks.week,
        lines.funnel,
        lines.mode,
        lines.from_stage,
        lines.to_stage,
        lines.window_seconds,
        sum(sum(coalesce(changes.arrived, 0)) - sum(coalesce(changes.gone, 0))) over (
            partition by lines.funnel, lines.mode, lines.from_stage, lines.to_stage order by weeks.week
        ) as entered,
        sum(coalesce(changes.moved, 0)) as converted
    from lines
    cross join {{ ref('weeks') }} as weeks
    left join changes
        on lines.funnel = changes.funnel
        and lines.mode = changes.mode
        and lines.from_stage = changes.from_stage
        and lines.to_stage = changes.to_stage
        and weeks.week = changes.week
    group by weeks.week, lines.funnel, lines.mode, lines.from_stage, lines.to_stage, lines.window_seconds
),

hazard as (
    select
        'hazard' as view,
        week,
        funnel,
        mode,
        from_stage,
        to_stage,
        'all' as breakdown,
        'all' as member,
        window_seconds,
        entered,
        converted,
        {{ uncounted }}
    from standing
    where entered > 0
),

cells as (
    select * from cohort
    union all
    select * from flow
    union all
    select * from hazard
)

select
    cells.week,
    cells.view,
    cells.funnel,
    cells.mode,
    cells.mode = funnels.default_mode as is_default_mode,
    cells.from_stage,
    cells.to_stage,
    cells.breakdown,
    cells.member,
    cells.window_seconds,
    cast(cells.entered as bigint) as entered,
    cast(cells.converted as bigint) as converted,
    cells.imputed,
    cells.open,
    cells.median_seconds,
    cells.p75_seconds,
    cells.p90_seconds
from cells
inner join funnels on cells.funnel = funnels.funnel
