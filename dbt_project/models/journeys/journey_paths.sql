with journeys as (
    select * from {{ ref('journeys') }}
),

members as (
    select * from {{ ref('funnel_journeys') }} where funnel = 'journey'
),

-- The whole way to the purchase.
funnels as (
    select * from {{ ref('funnels') }} where funnel = 'journey'
),

steps as (
    select * from {{ ref('journey_steps') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

lengths as (
    select
        customer_number,
        journey_number,
        count(*) as steps,
        {{ seconds_between('min(occurred_at)', 'max(occurred_at)') }} as seconds
    from steps
    group by customer_number, journey_number
),

long_paths as (
    select customer_number, journey_number, {{ ordered_text('activity', ' > ', 'step_number') }} as path
    from steps
    where step_number <= {{ var('paths_long_steps') }}
    group by customer_number, journey_number
),

-- Of most journeys both are the same text: paths_max_steps is the smaller number.
cut_paths as (
    select steps.customer_number, steps.journey_number, {{ ordered_text('activity', ' > ', 'step_number') }} as path
    from steps
    inner join lengths
        on steps.customer_number = lengths.customer_number and steps.journey_number = lengths.journey_number
    where steps.step_number <= {{ var('paths_max_steps') }} and lengths.steps > {{ var('paths_max_steps') }}
    group by steps.customer_number, steps.journey_number
),

-- What is cut is said, so that a path never looks as if it ended there.
paths as (
    select
        lengths.*,
        coalesce(cut_paths.path || ' > ...', long_paths.path) as path,
        long_paths.path || case when lengths.steps > {{ var('paths_long_steps') }} then ' > ...' else '' end as long_path
    from lengths
    inner join long_paths
        on lengths.customer_number = long_paths.customer_number and lengths.journey_number = long_paths.journey_number
    left join cut_paths
        on lengths.customer_number = cut_paths.customer_number and lengths.journey_number = cut_paths.journey_number
),

entered as (
    select
        journeys.*,
        {{ reporting_week('journeys.entered_at', 'parameters.time_zone') }} as week,
        parameters.as_of,
        parameters.time_zone,
        funnels.window_seconds
    from journeys
    cross join parameters
    cross join funnels
),

matured as (
    select
        *,
        coalesce({{ seconds_between('entered_at', 'purchase_at') }} <= window_seconds, false) as is_converting,
        {{ week_is_mature('week', 'window_seconds', 'as_of', 'time_zone') }} as is_mature
    from entered
)

select
    matured.journey_id,
    matured.week,
    members.customer_type,
    members.segment_at_entry,
    -- A young cohort is neither: those who convert in time would be in it before those who do not.
    case
        when not matured.is_mature then 'open'
        when matured.is_converting then 'converting'
        else 'not_converting'
    end as outcome,
    matured.is_converting,
    matured.is_mature,
    matured.status <> 'open' as has_ended,
    matured.entered_at,
    matured.purchase_at,
    matured.window_seconds,
    coalesce(paths.path, '') as path,
    coalesce(paths.long_path, '') as long_path,
    coalesce(paths.steps, 0) as steps,
    greatest(coalesce(paths.steps, 0) - {{ var('paths_max_steps') }}, 0) as steps_cut,
    coalesce(paths.seconds, 0) as seconds
from matured
inner join members on matured.journey_id = members.journey_id
left join paths
    on matured.customer_number = paths.customer_number and matured.journey_number = paths.journey_number
