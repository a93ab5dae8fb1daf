with touchpoints as (
    select source, occurred_at, customer_id from {{ ref('customer_touchpoints') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

records as (
    select source, occurred_at, true as is_touchpoint, customer_id is not null as is_identified from touchpoints
    union all
    select source, occurred_at, false, false from {{ ref('conversions') }}
    union all
    select source, answered_at, false, false from {{ ref('experience_scores') }}
    union all
    select spend.source, {{ day_start('spend.spend_date', 'parameters.time_zone') }}, false, false
    from {{ ref('spend') }} as spend
    cross join parameters
),

weekly as (
    select
        {{ reporting_week('records.occurred_at', 'parameters.time_zone') }} as week,
        records.source,
        count(*) as records,
        count(*) filter (where records.is_touchpoint) as touchpoints,
        count(*) filter (where records.is_identified) as identified_touchpoints,
        max(records.occurred_at) as last_seen_at
    from records
    cross join parameters
    group by week, records.source
),

weeks as (
    select * from {{ ref('weeks') }}
),

sources as (
    select distinct source from weekly
)

-- Every source in every week, so that a source that fell silent shows as a zero and not as an absence.
select
    weeks.week,
    sources.source,
    coalesce(weekly.records, 0) as records,
    coalesce(weekly.touchpoints, 0) as touchpoints,
    coalesce(weekly.identified_touchpoints, 0) as identified_touchpoints,
    cast(weekly.identified_touchpoints as double) / nullif(weekly.touchpoints, 0) as identified_share,
    weekly.last_seen_at,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from weeks
cross join sources
cross join parameters
left join weekly on weeks.week = weekly.week and sources.source = weekly.source
