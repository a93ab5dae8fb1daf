with spend as (
    select * from {{ ref('spend') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

rates as (
    select * from {{ ref('reporting_rates') }}
)

select
    spend.*,
    parameters.reporting_currency,
    cast(date_trunc('week', spend.spend_date) as date) as week,
    cast(spend.cost_amount * rates.currency_rate / rates.reporting_rate as decimal(18, 6)) as cost_amount_reporting
from spend
cross join parameters
left join rates
    on spend.cost_currency = rates.currency
    and spend.spend_date >= rates.valid_from
    and spend.spend_date < rates.valid_until
