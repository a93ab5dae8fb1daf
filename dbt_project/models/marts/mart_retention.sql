select
    cast(measured.cohort_week as date) as cohort_week,
    cast(measured.interval_number as bigint) as interval_number,
    cast(measured.kind as varchar) as kind,
    cast(measured.customers as bigint) as customers,
    cast(measured.retained as bigint) as retained,
    cast(measured.share as double) as share,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_complete as boolean) as is_complete,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'retention') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
