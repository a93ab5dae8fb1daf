select
    cast(measured.outcome as varchar) as outcome,
    cast(measured.driver as varchar) as driver,
    cast(measured.level as varchar) as level,
    cast(measured.n as bigint) as n,
    cast(measured.share as double) as share,
    cast(measured.others_n as bigint) as others_n,
    cast(measured.others_share as double) as others_share,
    cast(measured.difference as double) as difference,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.q_value as double) as q_value,
    cast(measured.adjusted_difference as double) as adjusted_difference,
    cast(measured.adjusted_ci_low as double) as adjusted_ci_low,
    cast(measured.adjusted_ci_high as double) as adjusted_ci_high,
    cast(measured.strata as integer) as strata,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.note as varchar) as note,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'experience_drivers') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
