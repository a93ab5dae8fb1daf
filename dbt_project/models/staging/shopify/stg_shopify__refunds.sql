with source as (
    select * from {{ source('raw', 'shopify__orders_bulk') }}
    where _is_current and id like 'gid://shopify/Refund/%'
),

orders as (
    select * from {{ ref('stg_shopify__orders_bulk') }}
),

parsed as (
    select
        *,
        {{ gid_number('id') }} as refund_id,
        {{ gid_number('parent_id') }} as order_id,
        {{ json_fields('total_refunded_set', {
            'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}
        }) }}.shopmoney as price
    from source
),

renamed as (
    select
        'shopify' as source,
        {{ key_of(["'refund'", 'parsed.order_id', 'parsed.refund_id']) }} as record_key,
        {{ key_of(["'order'", 'parsed.order_id']) }} as order_key,
        orders.identifier_type,
        orders.identifier_value,
        'commerce' as family,
        'order_refunded' as interaction_type,
        'system' as direction,
        parsed.order_id,
        orders.order_name,
        orders.order_name as order_ref,
        {{ utc_instant('parsed.created_at') }} as occurred_at,
        cast(-try_cast(parsed.price.amount as decimal(18, 6)) as decimal(18, 6)) as gross_amount,
        upper(coalesce(parsed.price.currencycode, orders.currency)) as currency,
        parsed._file_id as source_file_id,
        parsed._row_number as source_row_number
    from parsed
    left join orders on parsed.order_id = orders.order_id
    where try_cast(parsed.price.amount as decimal(18, 6)) > 0
)

select * from renamed
