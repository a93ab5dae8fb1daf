select
    cast(measured.week as date) as week,
    cast(measured.target_set as varchar) as target_set,
    cast(measured.kpi as varchar) as kpi,
    cast(measured.name as varchar) as name,
    cast(measured.owner as varchar) as owner,
    cast(measured.baseline as double) as baseline,
    cast(measured.target as double) as target,
    cast(measured.target_value as double) as target_value,
    cast(measured.actual as double) as actual,
    cast(measured.improvement as double) as improvement,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.status as varchar) as status,
    cast(measured.progress as double) as progress,
    cast(measured.evidence as varchar) as evidence,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.numerator as double) as numerator,
    cast(measured.denominator as double) as denominator,
    cast(measured.note as varchar) as note,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'kpi_scorecard') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
