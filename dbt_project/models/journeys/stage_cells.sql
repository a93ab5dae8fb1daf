{%- set breakdowns = [
    'entry_channel', 'entry_campaign', 'entry_device', 'market', 'customer_type', 'segment_at_entry'
] %}
{%- set cohort_counts %}
        count(*) as entered,
        count(*) filter (where is_converted) as converted,
        count(*) filter (where is_imputed) as imputed,
        count(*) filter (where is_open) as open,
        {{ exact_quantile('case when is_converted then seconds end', 0.5) }} as median_seconds,
        {{ exact_quantile('case when is_converted then seconds end', 0.75) }} as p75_seconds,
        {{ exact_quantile('case when is_converted then seconds end', 0.9) }} as p90_seconds
{%- endset %}
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

followed as (
    select
        {{ reporting_week('entered_at', 'time_zone') }} as week,
        moves.*,
        {{ seconds_between('entered_at', 'moved_at') }} as seconds,
        coalesce({{ seconds_between('entered_at', 'moved_at') }} <= window_seconds, false) as is_converted,
        coalesce({{ seconds_between('entered_at', 'moved_at') }} > window_seconds, true)
        and {{ seconds_between('entered_at', 'as_of') }} < window_seconds as is_open
    from {{ ref('transitions_of_journeys') }} as moves
    cross join parameters
),

cohort as (
    select
        week,
        'cohort' as view,
        funnel,
        mode,
        from_stage,
        to_stage,
        'all' as breakdown,
        'all' as member,
        window_seconds,
        {{ cohort_counts }}
    from followed
    group by week, funnel, mode, from_stage, to_stage, window_seconds
    {%- for breakdown in breakdowns %}
    union all
    select
        week,
        'cohort',
        followed.funnel,
        mode,
        from_stage,
        to_stage,
        '{{ breakdown }}',
        {{ breakdown }},
        followed.window_seconds,
        {{ cohort_counts }}
    from followed
    inner join funnels on followed.funnel = funnels.funnel and followed.mode = funnels.default_mode
    group by week, followed.funnel, mode, from_stage, to_stage, {{ breakdown }}, followed.window_seconds
    {%- endfor %}
),

-- Entries of a week into the one stage and into the other, whoever they are of.
entries as (
    select
        {{ reporting_week('entered_at', 'time_zone') }} as week,
        funnel,
        mode,
        stage_number,
        count(*) as entries
    from {{ ref('stage_entries') }}
    cross join parameters
    group by week, funnel, mode, stage_number
),

flow as (
    select
        entries.week,
        'flow' as view,
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
        mode,
        from_stage,
        to_stage,
        moves.window_seconds,
        {{ reporting_week('entered_at', 'time_zone') }} as first_week,
        {{ reporting_week('moved_at', 'time_zone') }} as moved_week,
        {{ reporting_week(seconds_later('last_event_at', 'funnels.idle_seconds'), 'time_zone') }} as silent_week,
        count(*) as journeys
    from {{ ref('transitions_of_journeys') }} as moves
    cross join parameters
    inner join funnels on moves.funnel = funnels.funnel
    where not is_overall and (moved_at is null or moved_at >= entered_at)
    group by moves.funnel, mode, from_stage, to_stage, moves.window_seconds, first_week, moved_week, silent_week
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
        week,
        'hazard' as view,
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
