select
    cast(measured.week as date) as week,
    cast(measured.segment_set as varchar) as segment_set,
    cast(measured.customers as bigint) as customers,
    cast(measured.stayers_share as double) as stayers_share,
    cast(measured.stability_index as double) as stability_index,
    cast(measured.to_dormant_share as double) as to_dormant_share,
    cast(measured.is_rule_change as boolean) as is_rule_change,
    cast(measured.is_unsteady as boolean) as is_unsteady,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_stability') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
