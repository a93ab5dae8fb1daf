with steps as (
    select * from {{ ref('journey_steps') }} where step_number <= {{ var('paths_max_steps') }}
),

journeys as (
    select * from {{ ref('journey_paths') }}
),

activities as (
    select * from {{ ref('path_activities') }}
),

numbers as (
    {%- for number in range(1, var('paths_max_steps') + 1) %}
    select {{ number }} as step_number{{ ' union all' if not loop.last }}
    {%- endfor %}
),

taken as (
    select
        journeys.week,
        journeys.outcome,
        journeys.customer_type,
        journeys.segment_at_entry,
        steps.step_number,
        activities.shown_activity as activity,
        count(*) as journeys
    from steps
    inner join journeys on steps.journey_id = journeys.journey_id
    inner join activities on journeys.week = activities.week and steps.activity = activities.activity
    group by
        journeys.week,
        journeys.outcome,
        journeys.customer_type,
        journeys.segment_at_entry,
        steps.step_number,
        activities.shown_activity
),

lengths as (
    select week, outcome, customer_type, segment_at_entry, has_ended, steps, count(*) as journeys
    from journeys
    where steps < {{ var('paths_max_steps') }}
    group by week, outcome, customer_type, segment_at_entry, has_ended, steps
),

-- Who has no such step has ended before it, or may still take it.
without as (
    select
        lengths.week,
        lengths.outcome,
        lengths.customer_type,
        lengths.segment_at_entry,
        numbers.step_number,
        case when lengths.has_ended then 'exit' else 'open' end as activity,
        sum(lengths.journeys) as journeys
    from lengths
    inner join numbers on lengths.steps < numbers.step_number
    group by
        lengths.week,
        lengths.outcome,
        lengths.customer_type,
        lengths.segment_at_entry,
        numbers.step_number,
        lengths.has_ended
),

columns_of_steps as (
    select * from taken
    union all
    select * from without
)

{% for cohort_set, cohort in cohort_sets().items() %}
select
    week,
    '{{ cohort_set }}' as cohort_set,
    {{ cohort }} as cohort,
    step_number,
    activity,
    cast(sum(journeys) as bigint) as journeys
from columns_of_steps
group by week, {{ cohort ~ ', ' if cohort_set != 'all' }}step_number, activity
{{ 'union all' if not loop.last }}
{% endfor %}
