with rates as (
    select
        currency,
        rate_to_eur,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by currency order by valid_from), cast('9999-12-31' as date)
        ) as valid_until
    from {{ ref('fx_rates') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
)

select
    own.currency,
    greatest(own.valid_from, reporting.valid_from) as valid_from,
    least(own.valid_until, reporting.valid_until) as valid_until,
    own.rate_to_eur as currency_rate,
    reporting.rate_to_eur as reporting_rate
from rates as own
cross join parameters
inner join rates as reporting
    on parameters.reporting_currency = reporting.currency
    and own.valid_from < reporting.valid_until
    and reporting.valid_from < own.valid_until
