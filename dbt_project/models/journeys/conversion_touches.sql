with conversions as (
    select * from {{ ref('customer_conversions') }} where is_counted
),

touches as (
    select * from {{ ref('marketing_touches') }}
),

with_previous as (
    select
        conversion_id,
        conversion_type,
        customer_id,
        occurred_at,
        week,
        value,
        lag(occurred_at) over (
            partition by customer_id, conversion_type order by occurred_at, conversion_id
        ) as previous_at
    from conversions
)

select
    with_previous.conversion_id,
    with_previous.conversion_type,
    with_previous.customer_id,
    with_previous.occurred_at,
    with_previous.week,
    with_previous.value,
    touches.touchpoint_id,
    touches.touched_at,
    touches.channel,
    touches.campaign,
    row_number() over path as position,
    count(*) over (partition by with_previous.conversion_id) as touch_count
from with_previous
inner join touches
    on with_previous.customer_id = touches.customer_id
    and touches.touched_at <= with_previous.occurred_at
    and touches.touched_at >= {{ days_before('with_previous.occurred_at', var('click_lookback_days')) }}
    and (with_previous.previous_at is null or touches.touched_at > with_previous.previous_at)
window path as (
    partition by with_previous.conversion_id order by touches.touched_at, touches.touchpoint_id
)
