{{ config(meta={'dagster': {'ref': {'name': 'conversions'}}}) }}
-- Every amount can be converted on its own day: the seed fx_rates knows the currency since then.
with amounts as (
    select currency, cast(occurred_at as date) as amount_date, source_file_id, source_row_number
    from {{ ref('conversions') }}
    union all
    select cost_currency, spend_date, source_file_id, source_row_number
    from {{ ref('spend') }}
)

select amounts.*
from amounts
where not exists (
    select 1
    from {{ ref('fx_rates') }} as rates
    where rates.currency = amounts.currency and rates.valid_from <= amounts.amount_date
)
