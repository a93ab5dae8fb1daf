with events as (
    select * from {{ ref('journey_events') }}
),

stages as (
    select * from {{ ref('stages') }}
),

first_events as (
    select
        customer_id,
        journey_number,
        stage_number,
        min(occurred_at) as first_at
    from events
    group by customer_id, journey_number, stage_number
)

-- Funnel mode `reached`: a higher stage back-fills a missing lower one at its own time, and says so.
select
    first_events.customer_id,
    first_events.journey_number,
    stages.stage_number,
    stages.stage,
    min(first_events.first_at) as entered_at,
    min(first_events.first_at)
        < coalesce(min(first_events.first_at) filter (where first_events.stage_number = stages.stage_number),
            timestamp '9999-12-31') as is_imputed
from first_events
inner join stages on first_events.stage_number >= stages.stage_number
group by first_events.customer_id, first_events.journey_number, stages.stage_number, stages.stage
