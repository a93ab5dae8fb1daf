select
    cast(measured.experiment_id as varchar) as experiment_id,
    cast(measured.variant as varchar) as variant,
    cast(measured.counted_as as varchar) as counted_as,
    cast(measured.planned_share as double) as planned_share,
    cast(measured.units as bigint) as units,
    cast(measured.assignments as bigint) as assignments,
    cast(measured.first_assigned_at as timestamp) as first_assigned_at,
    cast(measured.last_assigned_at as timestamp) as last_assigned_at,
    cast(measured.chi_square as double) as chi_square,
    cast(measured.sample_ratio_p as double) as sample_ratio_p,
    cast(measured.is_sample_ratio_mismatch as boolean) as is_sample_ratio_mismatch,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'experiment_arms') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
