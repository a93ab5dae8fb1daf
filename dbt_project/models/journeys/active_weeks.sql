-- One row per customer and week in which they did something themselves. What was sent or shown to them is not theirs.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

acts as (
    select
        touchpoints.customer_number,
        touchpoints.occurred_at,
        touchpoints.interaction_type = 'view_item' as is_product_view,
        touchpoints.family = 'product' as is_product_use,
        touchpoints.interaction_type in ('add_to_cart', 'begin_checkout') as is_cart
    from {{ ref('customer_touchpoints') }} as touchpoints
    where touchpoints.customer_number is not null
        and not coalesce(touchpoints.is_machine, false)
        and not coalesce(touchpoints.is_internal_test, false)
        and coalesce(touchpoints.direction, 'inbound') = 'inbound'
        and not {{ is_view() }}
    union all
    select customer_number, occurred_at, false, false, false from {{ ref('segment_orders_told') }}
),

days as (
    select
        acts.customer_number,
        {{ reporting_date('acts.occurred_at', 'parameters.time_zone') }} as day,
        max(acts.occurred_at) as last_active_at,
        count(*) filter (where acts.is_product_view) as product_views,
        count(*) filter (where acts.is_product_use) as product_uses,
        count(*) filter (where acts.is_cart) as carts
    from acts
    cross join parameters
    group by all
)

select
    customer_number,
    {{ week_number("cast(date_trunc('week', day) as date)") }} as week_number,
    max(last_active_at) as last_active_at,
    cast(count(*) as integer) as active_days,
    cast(sum(product_views) as integer) as product_views,
    cast(sum(product_uses) as integer) as product_uses,
    cast(sum(carts) as integer) as carts
from days
group by all
