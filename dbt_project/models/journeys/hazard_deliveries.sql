-- How much was delivered to each customer at all. Of two people whom a channel reached equally often, when it did is
-- chance: this is what tells a touch's effect from the traits it was delivered by.
with customers as (
    select distinct conversion_type, customer_number, customer_id from {{ ref('hazard_days') }}
)

select
    customers.conversion_type,
    customers.customer_number,
    touch_days.channel,
    cast(sum(touch_days.touches) as bigint) as touches
from customers
inner join {{ ref('hazard_touch_days') }} as touch_days on customers.customer_id = touch_days.customer_id
where touch_days.touch_type = 'view'
group by customers.conversion_type, customers.customer_number, touch_days.channel
