with steps as (
    select * from {{ ref('journey_steps') }}
),

journeys as (
    select * from {{ ref('journey_paths') }}
),

activities as (
    select week, activity, shown_activity from {{ ref('path_activities') }}
),

-- Every step and what it leads to; the way into the first one comes from nowhere.
edges as (
    select journey_id, activity as from_activity, next_activity as to_activity, seconds_to_next
    from steps
    union all
    select journey_id, null, activity, 0
    from steps
    where step_number = 1
    union all
    select journey_id, null, null, 0
    from journeys
    where steps = 0
),

-- A journey that may still go on has not ended: it leads to OPEN.
placed as (
    select
        journeys.week,
        journeys.outcome,
        journeys.customer_type,
        journeys.segment_at_entry,
        edges.journey_id,
        coalesce(from_activities.shown_activity, 'START') as from_activity,
        coalesce(
            to_activities.shown_activity, case when journeys.has_ended then 'END' else 'OPEN' end
        ) as to_activity,
        coalesce(edges.seconds_to_next, 0) as seconds_to_next
    from edges
    inner join journeys on edges.journey_id = journeys.journey_id
    left join activities as from_activities
        on journeys.week = from_activities.week and edges.from_activity = from_activities.activity
    left join activities as to_activities
        on journeys.week = to_activities.week and edges.to_activity = to_activities.activity
),

-- A journey is in one cohort of each set, so that journeys are counted once an edge here and added up below.
taken as (
    select week, outcome, customer_type, segment_at_entry, journey_id, from_activity, to_activity, count(*) as occurrences
    from placed
    group by week, outcome, customer_type, segment_at_entry, journey_id, from_activity, to_activity
),

counted as (
    select
        week,
        outcome,
        customer_type,
        segment_at_entry,
        from_activity,
        to_activity,
        count(*) as journeys,
        sum(occurrences) as occurrences
    from taken
    group by week, outcome, customer_type, segment_at_entry, from_activity, to_activity
),

totals as (
    {%- for cohort_set, cohort in cohort_sets().items() %}
    select
        week,
        '{{ cohort_set }}' as cohort_set,
        {{ cohort }} as cohort,
        from_activity,
        to_activity,
        cast(sum(journeys) as bigint) as journeys,
        cast(sum(occurrences) as bigint) as occurrences
    from counted
    group by week, {{ cohort ~ ', ' if cohort_set != 'all' }}from_activity, to_activity
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

medians as (
    {%- for cohort_set, cohort in cohort_sets().items() %}
    select
        week,
        '{{ cohort_set }}' as cohort_set,
        {{ cohort }} as cohort,
        from_activity,
        to_activity,
        {{ exact_quantile('seconds_to_next', 0.5) }} as median_seconds
    from placed
    group by week, {{ cohort ~ ', ' if cohort_set != 'all' }}from_activity, to_activity
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    totals.*,
    medians.median_seconds
from totals
inner join medians
    on totals.week = medians.week
    and totals.cohort_set = medians.cohort_set
    and totals.cohort = medians.cohort
    and totals.from_activity = medians.from_activity
    and totals.to_activity = medians.to_activity
