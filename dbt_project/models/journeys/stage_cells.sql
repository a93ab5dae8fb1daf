with journeys as (
    select * from {{ ref('journeys') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- The four steps and the end-to-end conversion, each with its window.
transitions as (
    {% set windows = var('stage_window_seconds') %}
    {% for from_stage, to_stage, window_seconds in [
        ('awareness', 'consideration', windows.awareness_to_consideration),
        ('consideration', 'purchase', windows.consideration_to_purchase),
        ('purchase', 'experience', windows.purchase_to_experience),
        ('experience', 'advocacy', windows.experience_to_advocacy),
        ('awareness', 'purchase', var('end_to_end_window_seconds')),
    ] %}
    select
        '{{ from_stage }}' as from_stage,
        '{{ to_stage }}' as to_stage,
        {{ window_seconds }} as window_seconds,
        {{ from_stage }}_at as entered_at,
        {{ to_stage }}_at as moved_at,
        entry_channel
    from journeys
    where {{ from_stage }}_at is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

members as (
    select *, 'all' as breakdown, 'all' as member from transitions
    union all
    select *, 'entry_channel' as breakdown, entry_channel as member from transitions
),

cohort as (
    select
        {{ reporting_week('entered_at', 'time_zone') }} as week,
        'cohort' as view,
        from_stage,
        to_stage,
        breakdown,
        member,
        window_seconds,
        count(*) as entered,
        count(*) filter (where {{ seconds_between('entered_at', 'moved_at') }} <= window_seconds) as converted
    from members
    cross join parameters
    group by all
),

flow_ends as (
    select {{ reporting_week('entered_at', 'time_zone') }} as week, members.*, 1 as entered, 0 as converted
    from members
    cross join parameters
    union all
    select {{ reporting_week('moved_at', 'time_zone') }} as week, members.*, 0 as entered, 1 as converted
    from members
    cross join parameters
    where moved_at is not null
),

flow as (
    select
        week,
        'flow' as view,
        from_stage,
        to_stage,
        breakdown,
        member,
        window_seconds,
        sum(entered) as entered,
        sum(converted) as converted
    from flow_ends
    group by week, from_stage, to_stage, breakdown, member, window_seconds
)

select * from cohort
union all
select * from flow
