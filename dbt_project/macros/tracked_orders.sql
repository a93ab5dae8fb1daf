{#-
Orders as a site's own tracking tells them, whichever tracker it is: of hits with interaction_type, order_name and the
amounts. What a shop or a payment provider says of the same order goes before (order_rank in the events word).
-#}

{#- The first telling of every order: browser and server may both tell, a reload tells again. -#}
{% macro tracked_orders(events, is_test='is_machine') -%}
with told as (
    select
        *,
        row_number() over (
            partition by coalesce(cast(order_name as varchar), record_key) order by occurred_at, record_key
        ) as telling
    from {{ events }}
    where interaction_type = 'purchase'
),

-- By the spec total is what was charged and revenue is without tax and shipping; either may be missing.
orders as (
    select
        source,
        {{ key_of(["'order'", 'coalesce(cast(order_name as varchar), record_key)']) }} as record_key,
        identifier_type,
        identifier_value,
        occurred_at,
        order_name,
        order_name as order_ref,
        -- Without a number it can be matched with no other telling of the same order.
        case when order_name is null then 'unmatched' else 'completed' end as status,
        coalesce(
            total_amount, order_value_amount + coalesce(tax_amount, 0) + coalesce(shipping_amount, 0), 0
        ) as gross_amount,
        coalesce(
            order_value_amount, total_amount - coalesce(tax_amount, 0) - coalesce(shipping_amount, 0), 0
        ) as net_amount,
        tax_amount,
        shipping_amount,
        discount_amount,
        currency,
        click_id_type,
        click_id,
        {{ is_test }} as is_test,
        source_file_id,
        source_row_number
    from told
    where telling = 1
)

select * from orders
{%- endmacro %}

{#- What refunds and cancellations take back of the orders at hand, never more than is left of them. -#}
{% macro tracked_adjustments(events, orders) -%}
with told as (
    select
        events.source,
        {{ key_of(["'adjustment'", 'events.record_key']) }} as record_key,
        orders.record_key as order_key,
        events.interaction_type,
        orders.identifier_type,
        orders.identifier_value,
        events.occurred_at,
        orders.order_ref,
        case when events.interaction_type = 'order_cancelled' then 'void' else 'refund' end as conversion_type,
        orders.gross_amount as order_amount,
        -- Without an amount the whole order is meant, and a cancellation always means all of it.
        case
            when events.interaction_type = 'order_cancelled' then orders.gross_amount
            else coalesce(abs(events.total_amount), abs(events.order_value_amount), orders.gross_amount)
        end as told_amount,
        orders.currency,
        events.source_file_id,
        events.source_row_number
    from {{ events }} as events
    inner join {{ orders }} as orders on events.order_name = orders.order_name
    where events.interaction_type in ('order_refunded', 'order_cancelled')
),

summed as (
    select
        *,
        coalesce(sum(told_amount) over (
            partition by order_key order by occurred_at, record_key
            rows between unbounded preceding and 1 preceding
        ), 0) as amount_before
    from told
),

adjustments as (
    select
        * exclude (order_amount, told_amount, amount_before),
        -least(told_amount, order_amount - amount_before) as gross_amount
    from summed
    where told_amount > 0 and order_amount > amount_before
)

select * from adjustments
{%- endmacro %}
