with days as (
    select source, events_table, source_file_id, max(reporting_date) as last_day, max(last_seen_at) as last_seen_at
    from {{ ref('coverage_days') }}
    group by source, events_table, source_file_id
),

loads as (
    select * from {{ source('raw', 'file_loads') }}
),

levels as (
    select * from {{ source('raw', 'service_levels') }}
),

parameters as (
    select {{ reporting_date('as_of', 'time_zone') }} as end_day, time_zone from {{ source('raw', 'run_parameters') }}
),

-- While a source delivers anything, a table it seldom feeds is quiet and not silent.
heard as (
    select
        days.source,
        max(greatest(
            days.last_day,
            coalesce({{ reporting_date('loads.exported_at', 'parameters.time_zone') }}, days.last_day)
        )) as last_heard_day
    from days
    cross join parameters
    left join loads on days.source_file_id = loads.file_id
    group by days.source
),

-- Two exports of one source may tell the same: either of them keeps it alive, so the more patient level holds.
promised as (
    select
        days.source,
        days.events_table,
        {{ ordered_text('distinct levels.contract', ',', 'levels.contract') }} as contracts,
        max(coalesce(levels.latency_hours, 24 * levels.frequency_days)) as latency_hours,
        max(levels.frequency_days) as frequency_days,
        max(case when levels.on_gap = 'refuse' then 1 else 0 end) = 1 as is_refusing,
        max(days.last_day) as last_day,
        max(days.last_seen_at) as latest_seen_at,
        max(case when levels.events_tables like '%profile_attributes%' then 1 else 0 end) = 1
            and days.events_table = 'consents' as is_state
    from days
    left join loads on days.source_file_id = loads.file_id
    left join levels on loads.contract = levels.contract
    group by days.source, days.events_table
)

select
    promised.source,
    promised.events_table,
    promised.contracts,
    promised.latency_hours,
    promised.frequency_days,
    promised.is_refusing,
    promised.latest_seen_at,
    -- What a list of people says of their consent is dated by whoever is on it: no week of it is usual.
    promised.is_state,
    -- Whole days up to as_of without a record; and without a record or even an export of any table of the source.
    {{ days_between('promised.last_day', 'parameters.end_day') }} - 1 as silent_days,
    {{ days_between('heard.last_heard_day', 'parameters.end_day') }} - 1 as unheard_days
from promised
cross join parameters
inner join heard on promised.source = heard.source
