select
    cast(measured.week as date) as week,
    cast(measured.stage as varchar) as stage,
    cast(measured.family as varchar) as family,
    cast(measured.interaction_type as varchar) as interaction_type,
    cast(measured.touches as bigint) as touches,
    cast(measured.customers as bigint) as customers,
    cast(measured.journeys as bigint) as journeys,
    cast(measured.window_seconds as bigint) as window_seconds,
    cast(measured.converted as bigint) as converted,
    cast(measured.conversion_rate as double) as conversion_rate,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_mature as boolean) as is_mature,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.answers as bigint) as answers,
    cast(measured.sentiment as double) as sentiment,
    cast(measured.pained_answers as bigint) as pained_answers,
    cast(measured.pained_share as double) as pained_share,
    cast(measured.owner as varchar) as owner,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'journey_map') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
