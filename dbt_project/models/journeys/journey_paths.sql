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

paths as (
    select
        journey_id,
        count(*) as steps,
        {{ seconds_between('min(occurred_at)', 'max(occurred_at)') }} as seconds,
        -- What is cut is said, so that a path never looks as if it ended there.
        {%- for name, longest in [('path', var('paths_max_steps')), ('long_path', var('paths_long_steps'))] %}
        {{ ordered_text('case when step_number <= ' ~ longest ~ ' then activity end', ' > ', 'step_number') }}
            || case when count(*) > {{ longest }} then ' > ...' else '' end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from steps
    group by journey_id
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
left join paths on matured.journey_id = paths.journey_id
