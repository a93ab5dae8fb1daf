{{ config(materialized='view') }}
with transitions as (
    {{ moves_of_journeys() }}
)

select
    transitions.*,
    journeys.customer_id,
    journeys.journey_id,
    {%- for breakdown in entry_breakdowns() %}
    journeys.{{ breakdown }},
    {%- endfor %}
    journeys.last_event_at
from transitions
inner join {{ ref('funnel_journeys') }} as journeys
    on transitions.funnel = journeys.funnel
    and transitions.customer_number = journeys.customer_number
    and transitions.journey_number = journeys.journey_number
