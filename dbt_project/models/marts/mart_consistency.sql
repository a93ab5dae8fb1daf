select
    cast(measured.week as date) as week,
    cast(measured.measure as varchar) as measure,
    cast(measured.value as double) as value,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.numerator as double) as numerator,
    cast(measured.denominator as double) as denominator,
    cast(measured.n as double) as n,
    cast(measured.is_headline as boolean) as is_headline,
    cast(measured.is_proxy as boolean) as is_proxy,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.target_mvp as double) as target_mvp,
    cast(measured.target_excellence as double) as target_excellence,
    cast(measured.detail as varchar) as detail,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'consistency') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
