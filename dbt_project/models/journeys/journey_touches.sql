with touches as (
    select
        seen.customer_id,
        seen.customer_number,
        seen.touchpoint_id,
        seen.occurred_at,
        coalesce(seen.family, 'unknown') as family,
        coalesce(seen.interaction_type, 'unknown') as interaction_type,
        seen.channel
    from {{ ref('customer_touchpoints') }} as seen
    left join {{ ref('denied_touches') }} as denied on seen.touchpoint_id = denied.touchpoint_id
    where seen.customer_id is not null
        and denied.touchpoint_id is null
        and not coalesce(seen.is_machine, false)
        and not coalesce(seen.is_internal_test, false)
),

journeys as (
    select * from {{ ref('journeys') }}
),

-- The window compares and sorts kinds by their numbers: there are few of them however many touches.
kinds as (
    select family, interaction_type, cast(row_number() over (order by family, interaction_type) as integer) as kind_number
    from (select distinct family, interaction_type from touches) as seen
),

-- Touches and the beginnings of journeys in one line of time: one sort says which journey is in force and what repeats.
-- A beginning stands before the touches of its own instant, and nothing before it is repeated after it.
line as (
    select
        touches.customer_number,
        touches.customer_id,
        touches.occurred_at,
        1 as is_touch,
        touches.touchpoint_id,
        kinds.kind_number,
        touches.channel,
        cast(null as bigint) as started_number
    from touches
    inner join kinds on touches.family = kinds.family and touches.interaction_type = kinds.interaction_type
    union all
    select customer_number, null, entered_at, 0, null, null, null, journey_number
    from journeys
),

placed as (
    select
        *,
        max(started_number) over customer_line as journey_number,
        lag(kind_number) over customer_line as previous_kind_number
    from line
    -- A tracker writes a visit's first records in one instant: what they are called orders them, as a key would at random.
    window customer_line as (
        partition by customer_number order by occurred_at, is_touch, kind_number, touchpoint_id
    )
)

select
    placed.touchpoint_id,
    placed.customer_id,
    placed.customer_number,
    placed.journey_number,
    journeys.journey_id,
    placed.occurred_at,
    kinds.family,
    kinds.interaction_type,
    kinds.family || '/' || kinds.interaction_type as activity,
    placed.channel,
    coalesce(placed.kind_number = placed.previous_kind_number, false) as is_repeat,
    {{ stage_in_force('journeys', 'placed.occurred_at') }} as stage
from placed
inner join kinds on placed.kind_number = kinds.kind_number
left join journeys
    on placed.customer_number = journeys.customer_number
    and placed.journey_number = journeys.journey_number
where placed.is_touch = 1
