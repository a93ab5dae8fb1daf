select
    cast(target as varchar) as target,
    cast(origin_date as date) as origin_date,
    cast(model as varchar) as model,
    cast(metric as varchar) as metric,
    cast(member as varchar) as member,
    cast(bin as integer) as bin,
    cast(value as double) as value,
    cast(low as double) as low,
    cast(high as double) as high,
    cast(customers as bigint) as customers,
    cast(events as bigint) as events,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'prediction_quality') }}
cross join {{ source('raw', 'run_parameters') }} as parameters
