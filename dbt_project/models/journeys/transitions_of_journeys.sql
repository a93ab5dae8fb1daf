{{ config(materialized='view') }}
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
from {{ ref('moves_of_journeys') }} as transitions
inner join {{ ref('funnel_journeys') }} as journeys
    on transitions.funnel = journeys.funnel
    and transitions.customer_id = journeys.customer_id
    and transitions.journey_number = journeys.journey_number
