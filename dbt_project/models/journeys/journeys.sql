with times as (
    select step_times.*
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('funnels') }} as funnels
        on step_times.funnel = funnels.funnel and step_times.mode = funnels.default_mode
    where step_times.funnel = 'journey'
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

named as (
    select
        customer_number,
        journey_number,
        entered_at,
        at_1 as awareness_at,
        at_2 as consideration_at,
        at_3 as purchase_at,
        at_4 as experience_at,
        at_5 as advocacy_at,
        case
            when at_5 is not null then 5
            when at_4 is not null then 4
            when at_3 is not null then 3
            when at_2 is not null then 2
            else 1
        end as furthest_stage_number,
        is_imputed_1 or is_imputed_2 or is_imputed_3 or is_imputed_4 or is_imputed_5 as has_imputed_stage
    from times
)

select
    journeys.journey_id,
    journeys.customer_id,
    named.*,
    journeys.entry_channel,
    journeys.last_event_at,
    named.journey_number > 1 as is_reentry,
    {{ seconds_between('lag(journeys.last_event_at) over (partition by named.customer_number order by named.journey_number)',
        'journeys.first_event_at') }} / 86400 as days_since_previous_journey,
    journeys.regressions > 0 as has_regression,
    journeys.regressions,
    -- In a stage until the next one begins; in the furthest until the last event.
    {%- set stages = ['awareness', 'consideration', 'purchase', 'experience', 'advocacy'] %}
    {%- for stage in stages %}
    {{ seconds_between('named.' ~ stage ~ '_at',
        'coalesce(named.' ~ stages[loop.index] ~ '_at, journeys.last_event_at)' if not loop.last
        else 'journeys.last_event_at') }} as {{ stage }}_seconds,
    {%- endfor %}
    named.furthest_stage_number / {{ stages | length }}.0 as completion,
    {{ reporting_week('named.entered_at', 'parameters.time_zone') }} as entry_week,
    case
        when named.advocacy_at is not null then 'complete'
        when {{ seconds_between('journeys.last_event_at', 'parameters.as_of') }}
            < {{ var('null_after_days') }} * 86400 then 'open'
        else 'dropped'
    end as status
from named
cross join parameters
inner join {{ ref('funnel_journeys') }} as journeys
    on journeys.funnel = 'journey'
    and named.customer_number = journeys.customer_number
    and named.journey_number = journeys.journey_number
