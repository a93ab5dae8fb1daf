select
    conversion_id,
    customer_id,
    conversion_type,
    adjusts_conversion_id,
    occurred_at,
    order_ref,
    gross_amount,
    net_amount,
    currency,
    net_amount_reporting,
    reporting_currency,
    value,
    is_counted,
    source,
    is_test,
    same_deal_as
from {{ ref('customer_conversions') }}
