with touches as (
    select * from {{ ref('journey_touches') }}
),

journeys as (
    select * from {{ ref('journeys') }}
),

conversions as (
    select * from {{ ref('customer_conversions') }} where customer_id is not null and not coalesce(is_test, false)
),

answers as (
    select * from {{ ref('experience_answers') }} where customer_id is not null
),

consents as (
    select * from {{ ref('customer_consents') }}
),

-- Few beside the touches, whose journey is known already: a journey's beginning stands before what happens with it.
line as (
    select customer_id, occurred_at, 1 as is_event, 'conversion' as kind, conversion_id as event_id,
        conversion_type as what, net_amount_reporting as amount, cast(null as double) as score,
        cast(null as bigint) as started_number
    from conversions
    union all
    select customer_id, answered_at, 1, 'answer', score_id, instrument || ' ' || family, null, cast(score as double), null
    from answers
    union all
    select customer_id, valid_from, 1, 'consent', purpose, purpose || ' ' || state, null, null, null
    from consents
    union all
    select customer_id, entered_at, 0, null, null, null, null, null, journey_number
    from journeys
),

placed as (
    select
        *,
        max(started_number) over (
            partition by customer_id order by occurred_at, is_event, kind, event_id
        ) as journey_number
    from line
)

select
    placed.customer_id,
    placed.occurred_at,
    placed.kind,
    placed.event_id,
    {{ id_text('journeys.journey_id') }} as journey_id,
    {{ stage_in_force('journeys', 'placed.occurred_at') }} as stage,
    placed.what,
    cast(null as varchar) as channel,
    cast(placed.amount as decimal(18, 6)) as amount,
    placed.score
from placed
left join journeys
    on placed.customer_id = journeys.customer_id
    and placed.journey_number = journeys.journey_number
where placed.is_event = 1
union all
select
    customer_id, occurred_at, 'touchpoint', {{ id_text('touchpoint_id') }}, {{ id_text('journey_id') }}, stage, activity, channel,
    null, null
from touches
