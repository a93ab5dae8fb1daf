with source as (
    select * from {{ source('raw', 'shopify__orders_bulk') }}
    where _is_current and id like 'gid://shopify/Order/%'
),

parsed as (
    select
        *,
        {{ json_fields('total_price_set', {
            'shopMoney': {'amount': 'VARCHAR', 'currencyCode': 'VARCHAR'}
        }) }}.shopmoney as price,
        {{ json_fields('customer', {'id': 'VARCHAR', 'email': 'VARCHAR'}) }} as buyer,
        {{ json_fields('customer_journey_summary', {
            'lastVisit': {'utmParameters': {'source': 'VARCHAR', 'medium': 'VARCHAR', 'campaign': 'VARCHAR'}},
            'firstVisit': {'utmParameters': {'source': 'VARCHAR', 'medium': 'VARCHAR', 'campaign': 'VARCHAR'}}
        }) }} as summary
    from source
),

cleaned as (
    select
        {{ gid_number('id') }} as order_id,
        replace(name, '#', '') as order_name,
        {{ gid_number('buyer.id') }} as shopify_customer_id,
        {{ clean_email('coalesce(email, buyer.email)') }} as email,
        {{ clean_phone('phone') }} as phone,
        lower(display_financial_status) as financial_status,
        {{ utc_instant('created_at') }} as created_at,
        {{ utc_instant('cancelled_at') }} as cancelled_at,
        cast(coalesce(try_cast(price.amount as decimal(18, 6)), 0) as decimal(18, 6)) as gross_amount,
        upper(coalesce(price.currencycode, currency_code)) as currency,
        lower(test) = 'true' as is_test,
        lower(coalesce(summary.lastvisit, summary.firstvisit).utmparameters.source) as utm_source,
        lower(coalesce(summary.lastvisit, summary.firstvisit).utmparameters.medium) as utm_medium,
        coalesce(summary.lastvisit, summary.firstvisit).utmparameters.campaign as campaign,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
),

renamed as (
    select
        *,
        'shopify' as source,
        {{ key_of(["'order'", 'order_id']) }} as record_key,
        case
            when email is not null then 'email'
            when shopify_customer_id is not null then 'shopify_customer_id'
            else 'order_name'
        end as identifier_type,
        coalesce(email, shopify_customer_id, order_name) as identifier_value,
        'commerce' as family,
        'order_placed' as interaction_type,
        'inbound' as direction,
        order_name as order_ref,
        -- The bulk query asks for no tax and no shipping: what was charged is all that is known.
        gross_amount as net_amount,
        financial_status = 'voided'
            or (cancelled_at is not null and financial_status not in ('refunded', 'partially_refunded')) as is_void
    from cleaned
)

select * from renamed
