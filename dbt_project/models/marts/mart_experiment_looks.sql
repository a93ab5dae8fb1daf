select
    cast(measured.experiment_id as varchar) as experiment_id,
    cast(measured.metric as varchar) as metric,
    cast(measured.variant as varchar) as variant,
    cast(measured.week as date) as week,
    cast(measured.control_units as bigint) as control_units,
    cast(measured.units as bigint) as units,
    cast(measured.control_mean as double) as control_mean,
    cast(measured.mean as double) as mean,
    cast(measured.effect as double) as effect,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.likelihood_ratio as double) as likelihood_ratio,
    cast(measured.always_valid_p as double) as always_valid_p,
    cast(measured.p_value as double) as p_value,
    cast(measured.decision as varchar) as decision,
    cast(measured.chi_square as double) as chi_square,
    cast(measured.sample_ratio_p as double) as sample_ratio_p,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'experiment_looks') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
