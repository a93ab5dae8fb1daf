select
    cast(measured.week as date) as week,
    measured.target_set,
    measured.kpi,
    measured.name,
    measured.owner,
    measured.baseline,
    measured.target,
    measured.target_value,
    measured.actual,
    measured.improvement,
    measured.ci_low,
    measured.ci_high,
    measured.status,
    measured.progress,
    measured.evidence,
    measured.is_small_sample,
    measured.numerator,
    measured.denominator,
    cast(measured.note as varchar) as note,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'kpi_scorecard') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
