with source as (
    select * from {{ source('raw', 'canonical__conversions') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'conversion'", 'system', 'conversion_id']) }} as record_key,
        kind as conversion_type,
        case when adjusts_conversion_id is not null then
            {{ key_of(["'conversion'", 'system', 'adjusts_conversion_id']) }}
        end as adjusts_conversion_id,
        {{ any_instant('occurred_at') }} as occurred_at,
        identifier_type,
        {{ clean_identifier('identifier_type', 'identifier_value') }} as identifier_value,
        replace({{ clean_text('order_ref') }}, '#', '') as order_ref,
        {{ clean_money('gross_amount') }} as gross_amount,
        coalesce({{ clean_money('net_amount') }}, {{ clean_money('gross_amount') }}) as net_amount,
        {{ clean_money('tax_amount') }} as tax_amount,
        {{ clean_money('shipping_amount') }} as shipping_amount,
        {{ clean_money('discount_amount') }} as discount_amount,
        upper(currency) as currency,
        {{ clean_text('status') }} as status,
        {{ clean_flag('is_test') }} as is_test,
        click_id_type,
        click_id,
        -- Orders, and what takes them back, are facts of a shop like any other shop's.
        case when kind in ('order', 'refund', 'void', 'chargeback') then 1 end as order_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
