with touches as (
    select
        customer_id,
        customer_number,
        touchpoint_id,
        occurred_at,
        coalesce(family, 'unknown') as family,
        coalesce(interaction_type, 'unknown') as interaction_type,
        channel
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

journeys as (
    select * from {{ ref('journeys') }}
),

-- Touches and the beginnings of journeys in one line of time: one sort says which journey is in force and what repeats.
-- A beginning stands before the touches of its own instant, and nothing before it is repeated after it.
line as (
    select
        customer_number,
        customer_id,
        occurred_at,
        1 as is_touch,
        touchpoint_id,
        family,
        interaction_type,
        channel,
        cast(null as bigint) as started_number
    from touches
    union all
    select customer_number, null, entered_at, 0, null, null, null, null, journey_number
    from journeys
),

placed as (
    select
        *,
        max(started_number) over customer_line as journey_number,
        lag(family) over customer_line as previous_family,
        lag(interaction_type) over customer_line as previous_interaction_type
    from line
    -- A tracker writes a visit's first records in one instant: what they are called orders them, as a key would at random.
    window customer_line as (
        partition by customer_number order by occurred_at, is_touch, family, interaction_type, touchpoint_id
    )
)

select
    placed.touchpoint_id,
    placed.customer_id,
    placed.customer_number,
    placed.journey_number,
    journeys.journey_id,
    placed.occurred_at,
    placed.family,
    placed.interaction_type,
    placed.family || '/' || placed.interaction_type as activity,
    placed.channel,
    coalesce(
        placed.family = placed.previous_family and placed.interaction_type = placed.previous_interaction_type, false
    ) as is_repeat,
    {{ stage_in_force('journeys', 'placed.occurred_at') }} as stage
from placed
left join journeys
    on placed.customer_number = journeys.customer_number
    and placed.journey_number = journeys.journey_number
where placed.is_touch = 1
