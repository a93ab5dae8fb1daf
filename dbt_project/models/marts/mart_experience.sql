select
    cast(measured.week as date) as week,
    measured.stage,
    measured.family,
    measured.instrument,
    cast(measured.answers as bigint) as answers,
    measured.score,
    measured.ci_low,
    measured.ci_high,
    measured.is_small_sample,
    measured.numerator,
    measured.denominator,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'experience') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
