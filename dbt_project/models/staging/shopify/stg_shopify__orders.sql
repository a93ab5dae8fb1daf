with
-- An order is its Id: the newest file that holds it tells it, whatever it was called before and whoever has its name
-- now. The oldest exports have no Id; their orders take the one that a later export gives to the name.
source as (
    select
        *,
        coalesce(
            {{ clean_text('id') }},
            min({{ clean_text('id') }}) over (partition by name),
            replace(name, '#', '')
        ) as order_id
    from {{ source('raw', 'shopify__orders') }}
    where _is_current or id <> ''
),

-- One line per article; only the first line of an order carries the order's own values, so nothing is filled or summed.
order_lines as (
    select
        *,
        row_number() over (partition by order_id order by _delivery_rank desc, _row_number) as line_number
    from source
    where id <> '' or financial_status <> ''
),

cleaned as (
    select
        order_id,
        replace(name, '#', '') as order_name,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,
        lower(financial_status) as financial_status,
        {{ utc_instant('created_at') }} as created_at,
        {{ utc_instant('cancelled_at') }} as cancelled_at,
        coalesce({{ clean_money('total') }}, 0) as gross_amount,
        coalesce({{ clean_money('taxes') }}, 0) as tax_amount,
        coalesce({{ clean_money('shipping') }}, 0) as shipping_amount,
        coalesce({{ clean_money('discount_amount') }}, 0) as discount_amount,
        coalesce({{ clean_money('refunded_amount') }}, 0) as refunded_amount,
        upper(currency) as currency,
        coalesce({{ clean_text('shipping_country') }}, {{ clean_text('billing_country') }}) as shipping_country,
        case lower(accepts_marketing) when 'yes' then 'granted' when 'no' then 'denied' end as state,
        lower({{ note_attribute('note_attributes', 'utm_source') }}) as utm_source,
        lower({{ note_attribute('note_attributes', 'utm_medium') }}) as utm_medium,
        {{ note_attribute('note_attributes', 'utm_campaign') }} as campaign,
        {% for name in click_ids() -%}
        {{ note_attribute('note_attributes', name) }} as {{ name }},
        {% endfor -%}
        _file_id as source_file_id,
        _row_number as source_row_number
    from order_lines
    where line_number = 1
),

-- A counter sale without e-mail still has an order, and the order is then its only identifier.
renamed as (
    select
        *,
        'shopify' as source,
        {{ key_of(["'order'", 'order_id']) }} as record_key,
        case when email is not null then 'email' else 'order_name' end as identifier_type,
        coalesce(email, order_name) as identifier_value,
        'commerce' as family,
        'order_placed' as interaction_type,
        'inbound' as direction,
        order_name as order_ref,
        gross_amount - tax_amount - shipping_amount as net_amount,
        -- A cancelled order that was paid back is already offset by its refund.
        financial_status = 'voided'
            or (cancelled_at is not null and refunded_amount = 0) as is_void,
        gross_amount = 0 and discount_amount > 0 as is_test,
        'email_marketing' as purpose,
        'explicit' as method,
        {{ click_id_type('cleaned') }} as click_id_type,
        {{ click_id('cleaned') }} as click_id
    from cleaned
)

select * from renamed
