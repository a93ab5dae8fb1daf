select
    ranges.week,
    ranges.source,
    ranges.events_table,
    ranges.records,
    cast(ranges.expected_records as double) as expected_records,
    cast(ranges.records_low as double) as records_low,
    cast(ranges.records_high as double) as records_high,
    (ranges.records < ranges.records_low or ranges.records > ranges.records_high)
        and abs(ranges.records - ranges.expected_records) >= {{ var('coverage_min_missing') }} as is_unusual,
    ranges.on_breach,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('volume_ranges') }} as ranges
cross join {{ source('raw', 'run_parameters') }} as parameters
