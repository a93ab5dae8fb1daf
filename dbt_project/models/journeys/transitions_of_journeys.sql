{{ config(materialized='view') }}
with transitions as (
    select
        transitions.funnel,
        step_times.mode,
        step_times.customer_id,
        step_times.journey_number,
        transitions.from_stage,
        transitions.to_stage,
        transitions.from_number,
        transitions.to_number,
        transitions.window_seconds,
        {{ of_step('step_times.at', 'transitions.from_number') }} as entered_at,
        {{ of_step('step_times.at', 'transitions.to_number') }} as moved_at,
        {{ of_step('step_times.is_imputed', 'transitions.from_number') }}
        or {{ of_step('step_times.is_imputed', 'transitions.to_number') }} as is_imputed,
        transitions.is_overall
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('funnel_transitions') }} as transitions on step_times.funnel = transitions.funnel
)

select
    transitions.funnel,
    transitions.mode,
    transitions.customer_id,
    journeys.journey_id,
    transitions.journey_number,
    transitions.from_stage,
    transitions.to_stage,
    transitions.from_number,
    transitions.to_number,
    transitions.window_seconds,
    transitions.entered_at,
    transitions.moved_at,
    transitions.is_imputed,
    transitions.is_overall,
    journeys.entry_channel,
    journeys.entry_campaign,
    journeys.entry_device,
    journeys.market,
    journeys.customer_type,
    journeys.segment_at_entry,
    journeys.last_event_at
from transitions
inner join {{ ref('funnel_journeys') }} as journeys
    on transitions.funnel = journeys.funnel
    and transitions.customer_id = journeys.customer_id
    and transitions.journey_number = journeys.journey_number
where transitions.entered_at is not null
