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
)

select * from cohort
union all
select * from flow
