with source as (
    select * from {{ source('raw', 'stripe__refunds') }}
    where _is_current
),

charges as (
    select * from {{ ref('stg_stripe__paid_charges') }}
),

renamed as (
    select
        'stripe' as source,
        {{ key_of(["'refund'", 'source.id']) }} as record_key,
        {{ key_of(["'charge'", 'source.charge']) }} as charge_key,
        source.charge as charge_id,
        charges.identifier_type,
        charges.identifier_value,
        charges.order_ref,
        lower(source.status) as status,
        -- It may fail days later, when the bank sends the money back; a later delivery then says so.
        lower(source.status) = 'succeeded' as is_refunded,
        {{ epoch_seconds('source.created') }} as occurred_at,
        cast(-{{ from_minor_units('source.amount', 'source.currency') }} as decimal(18, 6)) as gross_amount,
        upper(source.currency) as currency,
        source._file_id as source_file_id,
        source._row_number as source_row_number
    from source
    left join charges on source.charge = charges.charge_id
)

select * from renamed
