with placed as (
    select
        *,
        row_number() over (
            partition by coalesce(cast(order_ref as varchar), event_id) order by occurred_at, event_id
        ) as telling
    from {{ ref('stg_klaviyo__events') }}
    where metric_name = 'placed order'
)

-- Of an order only the value is told, so tax and shipping stay in it.
select
    source,
    {{ key_of(["'order'", 'coalesce(cast(order_ref as varchar), event_id)']) }} as record_key,
    identifier_type,
    identifier_value,
    occurred_at,
    order_ref,
    amount as gross_amount,
    amount as net_amount,
    currency,
    source_file_id,
    source_row_number
from placed
where telling = 1
