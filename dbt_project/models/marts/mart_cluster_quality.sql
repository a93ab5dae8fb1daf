select
    cast(measured.week as date) as week,
    cast(measured.k as bigint) as k,
    cast(measured.silhouette as double) as silhouette,
    cast(measured.is_chosen as boolean) as is_chosen,
    cast(measured.lowest_stability as double) as lowest_stability,
    cast(measured.sampled as bigint) as sampled,
    cast(measured.seed as bigint) as seed,
    cast(measured.is_accepted as boolean) as is_accepted,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'cluster_quality') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
