select
    cast(measured.week as date) as week,
    measured.view,
    measured.from_stage,
    measured.to_stage,
    measured.breakdown,
    measured.member,
    cast(measured.window_seconds as bigint) as window_seconds,
    cast(measured.entered as bigint) as entered,
    cast(measured.converted as bigint) as converted,
    measured.rate,
    measured.ci_low,
    measured.ci_high,
    measured.is_mature,
    measured.is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'stage_conversion') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
