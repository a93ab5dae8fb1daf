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
        customer_id,
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
    named.*,
    journeys.entry_channel,
    journeys.last_event_at,
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
    and named.customer_id = journeys.customer_id
    and named.journey_number = journeys.journey_number
