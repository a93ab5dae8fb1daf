select
    cast(measured.customer_id as varchar) as customer_id,
    cast(measured.experiment_id as varchar) as experiment_id,
    cast(measured.metric as varchar) as metric,
    cast(measured.variant as varchar) as variant,
    cast(measured.uplift as double) as uplift,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'uplift_scores') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
