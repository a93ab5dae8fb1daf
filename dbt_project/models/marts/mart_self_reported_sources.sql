select
    cast(measured.week as date) as week,
    cast(measured.conversion_type as varchar) as conversion_type,
    cast(measured.channel as varchar) as channel,
    cast(measured.answers as bigint) as answers,
    cast(measured.respondents as bigint) as respondents,
    cast(measured.self_reported_share as double) as self_reported_share,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.tracked_share as double) as tracked_share,
    '{{ var("self_reported_model") }}' as tracked_model,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'self_reported_sources') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
