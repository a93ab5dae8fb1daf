select
    cast(measured.week as date) as week,
    cast(measured.view as varchar) as view,
    cast(measured.from_stage as varchar) as from_stage,
    cast(measured.to_stage as varchar) as to_stage,
    cast(measured.breakdown as varchar) as breakdown,
    cast(measured.member as varchar) as member,
    cast(measured.window_seconds as bigint) as window_seconds,
    cast(measured.entered as bigint) as entered,
    cast(measured.converted as bigint) as converted,
    cast(measured.rate as double) as rate,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_mature as boolean) as is_mature,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'stage_conversion') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
