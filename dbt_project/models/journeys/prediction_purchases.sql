{{ config(materialized='view') }}
-- What a customer had bought by an anchor; a refund counts from its own day on, a void takes the sale away from then.
with sold as (
    select
        customers.customer_id,
        customers.days_back,
        orders.day,
        orders.is_order,
        orders.amount,
        {{ days_between('orders.day', 'customers.anchor_date') }} as days_ago,
        min(case when orders.is_order then orders.day end) over (
            partition by customers.customer_id, customers.days_back) as first_day
    from {{ ref('prediction_customers') }} as customers
    inner join {{ ref('prediction_orders') }} as orders
        on customers.customer_id = orders.customer_id
        and orders.day < customers.anchor_date
        and (orders.voided_on is null or orders.voided_on >= customers.anchor_date)
)

select
    customer_id,
    days_back,
    count(distinct case when is_order then day end) as order_days,
    count(*) filter (where is_order) as orders,
    {%- for window in [90, 180] %}
    count(*) filter (where is_order and days_ago <= {{ window }}) as orders_{{ window }},
    sum(amount) filter (where days_ago <= {{ window }}) as revenue_{{ window }},
    {%- endfor %}
    sum(amount) as revenue,
    sum(amount) filter (where day > first_day) as repeat_revenue,
    min(case when is_order then days_ago end) as last_order_days_ago,
    max(case when is_order then days_ago end) as first_order_days_ago
from sold
group by customer_id, days_back
