with source as (
    select * from {{ source('raw', 'stripe__charges') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('billing_details', {'email': 'VARCHAR'}) }}.email as billing_email,
        {{ json_fields('metadata', {'order_id': 'VARCHAR'}) }}.order_id as order_text
    from source
),

cleaned as (
    select
        id as charge_id,
        {{ clean_email('coalesce(receipt_email, billing_email)') }} as email,
        {{ clean_text('customer') }} as stripe_customer_id,
        replace({{ clean_text('order_text') }}, '#', '') as order_name,
        {{ clean_text('invoice') }} as invoice_id,
        lower(status) as status,
        {{ epoch_seconds('created') }} as occurred_at,
        -- A charge captured in part stays at its full amount, because Stripe books the rest as refunded.
        {{ from_minor_units('amount', 'currency') }} as gross_amount,
        upper(currency) as currency,
        lower(status) = 'succeeded' and lower(coalesce(captured, 'true')) <> 'false' as is_paid,
        lower(livemode) = 'false' as is_test,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
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
