select
    cast(measured.cohort_set as varchar) as cohort_set,
    cast(measured.cohort as varchar) as cohort,
    cast(measured.path_rank as bigint) as path_rank,
    cast(measured.path as varchar) as path,
    cast(measured.paths as bigint) as paths,
    cast(measured.journeys as bigint) as journeys,
    cast(measured.share as double) as share,
    cast(measured.mature_journeys as bigint) as mature_journeys,
    cast(measured.converting_journeys as bigint) as converting_journeys,
    cast(measured.conversion_rate as double) as conversion_rate,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'top_paths') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
