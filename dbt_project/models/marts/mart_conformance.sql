select
    cast(measured.week as date) as week,
    cast(measured.design as varchar) as design,
    cast(measured.finding as varchar) as finding,
    cast(measured.journeys as bigint) as journeys,
    cast(measured.found as bigint) as found,
    cast(measured.share as double) as share,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_mature as boolean) as is_mature,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'conformance') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
