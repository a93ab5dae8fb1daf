select
    cast(measured.experiment_id as varchar) as experiment_id,
    cast(measured.metric as varchar) as metric,
    cast(measured.variant as varchar) as variant,
    cast(measured.people as bigint) as people,
    cast(measured.events as bigint) as events,
    cast(measured.qini as double) as qini,
    cast(measured.qini_low as double) as qini_low,
    cast(measured.qini_high as double) as qini_high,
    cast(measured.is_released as boolean) as is_released,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'uplift_quality') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
