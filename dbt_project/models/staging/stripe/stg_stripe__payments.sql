with source as (
    select * from {{ source('raw', 'stripe__payments') }}
    where _is_current
),

cleaned as (
    select
        id as charge_id,
        {{ clean_email('customer_email') }} as email,
        {{ clean_text('customer_id') }} as stripe_customer_id,
        replace({{ clean_text('order_id') }}, '#', '') as order_name,
        {{ clean_text('invoice_id') }} as invoice_id,
        lower(trim(status)) as status,
        try_cast(created_at as timestamp) as occurred_at,
        -- What the customer was charged, in the customer's currency; the converted amounts are what was settled.
        {{ clean_money('amount') }} as gross_amount,
        upper(trim(currency)) as currency,
        {{ clean_money('converted_amount') }} as settled_amount,
        upper(trim(converted_currency)) as settled_currency,
        -- A refund leaves `Paid` as it is, or makes it `Refunded` once all is paid back: both were paid.
        lower(trim(status)) in ('paid', 'succeeded', 'refunded', 'partially refunded', 'partial refund', 'disputed')
            and lower(coalesce(captured, 'true')) <> 'false' as is_paid,
        coalesce(lower(trim(mode)) = 'test', false) as is_test,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        *,
        'stripe' as source,
        {{ key_of(["'charge'", 'charge_id']) }} as record_key,
        case
            when email is not null then 'email'
            when stripe_customer_id is not null then 'stripe_customer_id'
            when order_name is not null then 'order_name'
        end as identifier_type,
        coalesce(email, stripe_customer_id, order_name) as identifier_value,
        coalesce(order_name, invoice_id, charge_id) as order_ref,
        gross_amount as net_amount
    from cleaned
)

select * from renamed
