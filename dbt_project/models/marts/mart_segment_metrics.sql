select
    cast(measured.week as date) as week,
    cast(measured.segment_set as varchar) as segment_set,
    cast(measured.segment as varchar) as segment,
    cast(measured.metric as varchar) as metric,
    cast(measured.numerator as double) as numerator,
    cast(measured.denominator as double) as denominator,
    cast(measured.value as double) as value,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.q_value as double) as q_value,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.is_suppressed as boolean) as is_suppressed,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_metrics') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
