select
    cast(measured.segment_set as varchar) as segment_set,
    cast(measured.rule_version as varchar) as rule_version,
    cast(measured.customers as bigint) as customers,
    cast(measured.known_customers as bigint) as known_customers,
    cast(measured.known_share as double) as known_share,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_sets') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
