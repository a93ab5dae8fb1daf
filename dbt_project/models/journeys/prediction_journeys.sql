-- The journey that was open at an anchor, as it stood then: the latest begun before it, without a silence that ends it.
with journeys as (
    select
        customer_id, customer_number, journey_number, entered_at, awareness_at, consideration_at, purchase_at,
        experience_at, advocacy_at
    from {{ ref('journeys') }}
),

event_days as (
    select
        events.customer_number,
        events.journey_number,
        {{ reporting_date('events.occurred_at', 'parameters.time_zone') }} as day,
        count(*) as events
    from {{ ref('funnel_events') }} as events
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where events.funnel = 'journey'
    group by events.customer_number, events.journey_number, day
),

begun as (
    select
        customers.customer_id,
        customers.days_back,
        customers.anchor_date,
        customers.anchor_at,
        customers.time_zone,
        max(journeys.journey_number) as journey_number
    from {{ ref('prediction_customers') }} as customers
    inner join journeys on customers.customer_id = journeys.customer_id and journeys.entered_at < customers.anchor_at
    group by customers.customer_id, customers.days_back, customers.anchor_date, customers.anchor_at, customers.time_zone
),

stood as (
    select
        begun.customer_id,
        begun.days_back,
        begun.anchor_date,
        begun.time_zone,
        journeys.customer_number,
        begun.journey_number,
        journeys.entered_at,
        case
            when journeys.advocacy_at < begun.anchor_at then 5
            when journeys.experience_at < begun.anchor_at then 4
            when journeys.purchase_at < begun.anchor_at then 3
            when journeys.consideration_at < begun.anchor_at then 2
            else 1
        end as stage_number,
        max(event_days.day) as last_day,
        sum(event_days.events) as events
    from begun
    inner join journeys on begun.customer_id = journeys.customer_id and begun.journey_number = journeys.journey_number
    inner join event_days
        on journeys.customer_number = event_days.customer_number
        and journeys.journey_number = event_days.journey_number
        and event_days.day < begun.anchor_date
    group by all
)

select
    customer_id,
    days_back,
    anchor_date,
    time_zone,
    customer_number,
    journey_number,
    stage_number,
    {{ days_between(reporting_date('entered_at', 'time_zone'), 'anchor_date') }} as journey_age_days,
    {{ days_between('last_day', 'anchor_date') }} as journey_silent_days,
    cast(events as bigint) as journey_events
from stood
where stage_number < 5 and {{ days_between('last_day', 'anchor_date') }} <= {{ var('null_after_days') }}
