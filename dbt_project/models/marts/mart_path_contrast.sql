select
    cast(measured.activity as varchar) as activity,
    cast(measured.converting_with as bigint) as converting_with,
    cast(measured.converting_journeys as bigint) as converting_journeys,
    cast(measured.converting_share as double) as converting_share,
    cast(measured.others_with as bigint) as others_with,
    cast(measured.other_journeys as bigint) as other_journeys,
    cast(measured.others_share as double) as others_share,
    cast(measured.share_ratio as double) as share_ratio,
    cast(measured.is_continuity_corrected as boolean) as is_continuity_corrected,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'path_contrast') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
