{{ config(meta={'dagster': {'ref': {'name': 'spend'}}}) }}
-- Per day and campaign the cost is the one of the preferred export: nothing is lost, nothing is counted twice.
with delivered as (
    select record_key, spend_date, cost_amount, 1 as source_priority, source_file_id, source_row_number
    from {{ ref('stg_google_ads__campaign_stats') }}
    union all
    select record_key, spend_date, cost_amount, 2 as source_priority, source_file_id, source_row_number
    from {{ ref('stg_google_ads__campaign_report') }}
),

preferred as (
    select *, min(source_priority) over (partition by record_key) as best_priority
    from delivered
    where spend_date < (
        select {{ reporting_date('as_of', 'time_zone') }} from {{ source('raw', 'run_parameters') }}
    )
)

select preferred.record_key, preferred.cost_amount, spend.cost_amount as spend_amount, preferred.source_file_id, preferred.source_row_number
from preferred
full join (
    select * from {{ ref('spend') }} where platform = 'google_ads'
) as spend on preferred.record_key = spend.spend_id
where
    (preferred.source_priority = preferred.best_priority or preferred.record_key is null)
    and preferred.cost_amount is distinct from spend.cost_amount
