with conversions as (
    select * from {{ ref('conversions') }}
),

identifiers as (
    select * from {{ source('identity', 'identifiers') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

rates as (
    select * from {{ ref('reporting_rates') }}
),

adjustments as (
    select
        adjusts_conversion_id,
        sum(net_amount) as net_amount,
        max(case when conversion_type = 'void' then 1 else 0 end) = 1 as is_void
    from conversions
    where adjusts_conversion_id is not null
    group by adjusts_conversion_id
)

select
    conversions.*,
    -- An order told by its address belongs to whoever its number does: strangers may share the address.
    coalesce(numbered.customer_id, identifiers.customer_id) as customer_id,
    parameters.reporting_currency,
    {{ reporting_week('conversions.occurred_at', 'parameters.time_zone') }} as week,
    cast(conversions.net_amount * rates.currency_rate / rates.reporting_rate as decimal(18, 6)) as net_amount_reporting,
    -- What the sale is worth today: refunds and voids restate it, so late refunds move the week of the sale.
    cast((conversions.net_amount + coalesce(adjustments.net_amount, 0)) * rates.currency_rate / rates.reporting_rate
        as decimal(18, 6)) as value,
    conversions.conversion_type in ('order', 'opportunity_won', 'lead')
        and not coalesce(conversions.is_test, false)
        and not coalesce(adjustments.is_void, false) as is_counted
from conversions
cross join parameters
left join identifiers
    on conversions.identifier_type = identifiers.identifier_type
    and conversions.identifier_value = identifiers.identifier_value
left join identifiers as numbered
    on numbered.identifier_type = 'order_name'
    and conversions.identifier_type = 'email'
    and conversions.conversion_type in ('order', 'payment', 'refund')
    and conversions.order_ref = numbered.identifier_value
left join adjustments on conversions.conversion_id = adjustments.adjusts_conversion_id
left join rates
    on conversions.currency = rates.currency
    and cast(conversions.occurred_at as date) >= rates.valid_from
    and cast(conversions.occurred_at as date) < rates.valid_until
