select
    cast(measured.week as date) as week,
    measured.segment_set,
    measured.segment,
    measured.metric,
    measured.numerator,
    measured.denominator,
    measured.value,
    measured.ci_low,
    measured.ci_high,
    measured.is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_metrics') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
