with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

recent as (
    select journeys.*
    from {{ ref('journey_paths') }} as journeys
    cross join parameters
    where {{ days_between('journeys.week', reporting_date('parameters.as_of', 'parameters.time_zone')) }}
        <= 7 * {{ var('paths_recent_weeks') }}
),

counted as (
    {%- for cohort_set, cohort in cohort_sets().items() %}
    select
        '{{ cohort_set }}' as cohort_set,
        {{ cohort }} as cohort,
        path,
        count(*) as journeys,
        count(*) filter (where is_mature) as mature_journeys,
        count(*) filter (where is_mature and is_converting) as converting_journeys
    from recent
    group by {{ cohort ~ ', ' if cohort_set != 'all' }}path
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select *, row_number() over (partition by cohort_set, cohort order by journeys desc, path) as place
    from counted
),

-- The rare paths together, so that a cohort's rows add up to it.
named as (
    select
        *,
        case when place <= {{ var('paths_top_paths') }} then place end as path_rank,
        case when place <= {{ var('paths_top_paths') }} then path else 'other' end as shown_path
    from ranked
)

select
    cohort_set,
    cohort,
    path_rank,
    shown_path as path,
    count(*) as paths,
    cast(sum(journeys) as bigint) as journeys,
    cast(sum(mature_journeys) as bigint) as mature_journeys,
    cast(sum(converting_journeys) as bigint) as converting_journeys
from named
group by cohort_set, cohort, path_rank, shown_path
