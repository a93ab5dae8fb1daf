select
    cast(measured.week as date) as week,
    cast(measured.stage as varchar) as stage,
    cast(measured.family as varchar) as family,
    cast(measured.instrument as varchar) as instrument,
    cast(measured.answers as bigint) as answers,
    cast(measured.score as double) as score,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.numerator as double) as numerator,
    cast(measured.denominator as double) as denominator,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'experience') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
