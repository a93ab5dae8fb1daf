-- A day's touches of a channel are one row, so that a customer with a million touches is no more than any other.
with touches as (
    select customer_id, channel, touch_type, touched_at from {{ ref('marketing_touches') }}
    union all
    select customer_id, 'product_view' as channel, 'signal' as touch_type, occurred_at
    from {{ ref('customer_touchpoints') }}
    where interaction_type = 'view_item'
        and customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

dated as (
    select
        touches.customer_id,
        touches.channel,
        touches.touch_type,
        {{ reporting_date('touches.touched_at', 'days.time_zone') }} as day,
        days.starts_on,
        days.ends_before
    from touches
    cross join {{ ref('hazard_window') }} as days
)

select customer_id, channel, touch_type, day, count(*) as touches
from dated
where day >= cast(starts_on - interval {{ var('hazard_stock_days') }} day as date) and day < ends_before
group by customer_id, channel, touch_type, day
