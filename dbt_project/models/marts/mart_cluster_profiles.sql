select
    cast(measured.week as date) as week,
    cast(measured.segment as varchar) as segment,
    cast(measured.feature as varchar) as feature,
    cast(measured.centre as double) as centre,
    cast(measured.stability as double) as stability,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'cluster_profiles') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
