with spend as (
    select * from {{ ref('spend') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

rates as (
    select
        currency,
        rate_to_eur,
        valid_from,
        lead(valid_from) over (partition by currency order by valid_from) as valid_until
    from {{ ref('fx_rates') }}
)

select
    spend.*,
    parameters.reporting_currency,
    cast(date_trunc('week', spend.spend_date) as date) as week,
    cast(spend.cost_amount * own.rate_to_eur / target.rate_to_eur as decimal(18, 6)) as cost_amount_reporting
from spend
cross join parameters
left join rates as own
    on spend.cost_currency = own.currency
    and spend.spend_date >= own.valid_from
    and (own.valid_until is null or spend.spend_date < own.valid_until)
left join rates as target
    on parameters.reporting_currency = target.currency
    and spend.spend_date >= target.valid_from
    and (target.valid_until is null or spend.spend_date < target.valid_until)
