select
    cast(measured.week as date) as week,
    cast(measured.funnel as varchar) as funnel,
    cast(measured.step as varchar) as step,
    cast(measured.reduction as double) as reduction,
    cast(measured.marginal_quality as double) as marginal_quality,
    cast(measured.next_step as varchar) as next_step,
    cast(measured.is_planned as boolean) as is_planned,
    cast(measured.entered as bigint) as entered,
    cast(measured.drop_off as double) as drop_off,
    cast(measured.conversions as double) as conversions,
    cast(measured.extra_conversions as double) as extra_conversions,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.relative_change as double) as relative_change,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.note as varchar) as note,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'planned_improvements') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
