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
    select * from {{ ref('fx_rates') }}
),

dated_rates as (
    select
        currency,
        rate_to_eur,
        valid_from,
        lead(valid_from) over (partition by currency order by valid_from) as valid_until
    from rates
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
    identifiers.customer_id,
    parameters.reporting_currency,
    {{ reporting_week('conversions.occurred_at', 'parameters.time_zone') }} as week,
    cast(conversions.net_amount * own.rate_to_eur / target.rate_to_eur as decimal(18, 6)) as net_amount_reporting,
    -- What the sale is worth today: refunds and voids restate it, so late refunds move the week of the sale.
    cast((conversions.net_amount + coalesce(adjustments.net_amount, 0)) * own.rate_to_eur / target.rate_to_eur
        as decimal(18, 6)) as value,
    conversions.conversion_type in ('order', 'opportunity_won', 'lead')
        and not coalesce(conversions.is_test, false)
        and not coalesce(adjustments.is_void, false) as is_counted
from conversions
cross join parameters
left join identifiers
    on conversions.identifier_type = identifiers.identifier_type
    and conversions.identifier_value = identifiers.identifier_value
left join adjustments on conversions.conversion_id = adjustments.adjusts_conversion_id
left join dated_rates as own
    on conversions.currency = own.currency
    and cast(conversions.occurred_at as date) >= own.valid_from
    and (own.valid_until is null or cast(conversions.occurred_at as date) < own.valid_until)
left join dated_rates as target
    on parameters.reporting_currency = target.currency
    and cast(conversions.occurred_at as date) >= target.valid_from
    and (target.valid_until is null or cast(conversions.occurred_at as date) < target.valid_until)
