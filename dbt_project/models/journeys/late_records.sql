with days as (
    select *, cast(date_trunc('week', reporting_date) as date) as week from {{ ref('coverage_days') }}
),

loads as (
    select
        loads.file_id,
        loads.loaded_at,
        levels.delivery_mode,
        coalesce(levels.latency_hours, 0) as latency_hours,
        cast({{ reporting_week('loads.period_end', 'parameters.time_zone') }} as date) as last_week
    from {{ source('raw', 'file_loads') }} as loads
    inner join {{ source('raw', 'service_levels') }} as levels on loads.contract = levels.contract
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where not loads.is_first_load
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- An export of everything or of a window tells old weeks again by design: only one that ends in the week is late. Of
-- exports that are only ever added to, every record that came after its week was due is.
late as (
    select
        days.*,
        {{ reporting_week('loads.loaded_at', 'parameters.time_zone') }} as loaded_week
    from days
    cross join parameters
    inner join loads on days.source_file_id = loads.file_id
    where
        loads.loaded_at > {{ day_start('days.week + interval 7 day', 'parameters.time_zone') }}
            + loads.latency_hours * interval 1 hour
        and (loads.delivery_mode = 'append_dedupe' or loads.last_week = days.week)
)

select
    source,
    events_table,
    week,
    source_file_id,
    records,
    cast({{ days_between('week', 'loaded_week') }} / 7 as bigint) as weeks_late
from late
