{{ config(materialized='view') }}
-- The next month of the journey that was open: a further stage, more of the same, or silence.
select
    open_journeys.customer_id,
    open_journeys.days_back,
    open_journeys.stage_number,
    max(events.stage_number) as reached_stage
from {{ ref('prediction_journeys') }} as open_journeys
left join {{ ref('funnel_events') }} as events
    on events.funnel = 'journey'
    and open_journeys.customer_number = events.customer_number
    and open_journeys.journey_number = events.journey_number
    and {{ reporting_date('events.occurred_at', 'open_journeys.time_zone') }} >= open_journeys.anchor_date
    and {{ days_between('open_journeys.anchor_date', reporting_date('events.occurred_at', 'open_journeys.time_zone')) }} < 30
where open_journeys.days_back > 0
group by open_journeys.customer_id, open_journeys.days_back, open_journeys.stage_number
