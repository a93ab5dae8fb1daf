with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

records as (
    select
        source,
        'touchpoints' as events_table,
        interaction_type as record_type,
        occurred_at,
        source_file_id,
        customer_id is not null as is_identified,
        cast(null as decimal(18, 6)) as spend_amount
    from {{ ref('customer_touchpoints') }}
    union all
    select source, 'conversions', conversion_type, occurred_at, source_file_id, false, null
    from {{ ref('conversions') }}
    union all
    select source, 'experience_scores', instrument, answered_at, source_file_id, false, null
    from {{ ref('experience_scores') }}
    union all
    select source, 'consents', purpose, occurred_at, source_file_id, false, null
    from {{ ref('consents') }}
    union all
    select
        content.source,
        'content_metrics',
        content.metric,
        {{ day_start('content.snapshot_date', 'parameters.time_zone') }},
        content.source_file_id,
        false,
        null
    from {{ ref('content_metrics') }} as content
    cross join parameters
    union all
    select
        spend.source,
        'spend',
        spend.platform,
        {{ day_start('spend.spend_date', 'parameters.time_zone') }},
        spend.source_file_id,
        false,
        spend.cost_amount_reporting
    from {{ ref('reported_spend') }} as spend
    cross join parameters
)

select
    {{ reporting_date('records.occurred_at', 'parameters.time_zone') }} as reporting_date,
    records.source,
    records.events_table,
    records.record_type,
    records.source_file_id,
    count(*) as records,
    count(*) filter (where records.is_identified) as identified_records,
    cast(sum(records.spend_amount) as decimal(18, 6)) as spend_amount,
    max(records.occurred_at) as last_seen_at
from records
cross join parameters
group by
    reporting_date, records.source, records.events_table, records.record_type, records.source_file_id
