select
    cast(measured.week as date) as week,
    measured.segment_set,
    measured.from_segment,
    measured.to_segment,
    cast(measured.customers as bigint) as customers,
    measured.share,
    measured.ci_low,
    measured.ci_high,
    measured.is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_migration') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
