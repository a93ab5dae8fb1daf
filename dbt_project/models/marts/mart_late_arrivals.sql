with late as (
    select * from {{ ref('late_records') }}
),

counted as (
    select
        week,
        source,
        events_table,
        weeks_late,
        count(distinct source_file_id) as files,
        cast(sum(records) as bigint) as records
    from late
    group by week, source, events_table, weeks_late
)

select
    counted.week,
    counted.source,
    counted.events_table,
    counted.weeks_late,
    counted.files,
    counted.records,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from counted
cross join {{ source('raw', 'run_parameters') }} as parameters
