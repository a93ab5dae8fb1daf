{{ config(materialized='view') }}
with entries as (
    {{ entries_of_journeys() }}
)

select entries.*, journeys.customer_id
from entries
inner join {{ ref('funnel_journeys') }} as journeys
    on entries.funnel = journeys.funnel
    and entries.customer_number = journeys.customer_number
    and entries.journey_number = journeys.journey_number
