-- Orders that count, numbered by customer, with the first use of the product after each and whether it had a discount.
with line as (
    select customer_id, occurred_at, conversion_id, coalesce(discount_amount, 0) > 0 as had_discount,
        cast(null as timestamp) as used_at
    from {{ ref('customer_conversions') }}
    where is_counted and conversion_type = 'order' and customer_id is not null
    union all
    select customer_id, occurred_at, null, null, occurred_at from {{ ref('driver_signals') }} where signal = 'use'
),

followed as (
    select
        *,
        min(used_at) over (
            partition by customer_id order by occurred_at
            range between current row and unbounded following
        ) as first_used_at
    from line
)

select
    customer_id,
    occurred_at,
    had_discount,
    first_used_at,
    row_number() over (partition by customer_id order by occurred_at, conversion_id) as order_number
from followed
where conversion_id is not null
