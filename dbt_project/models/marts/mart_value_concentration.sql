select
    cast(measured.week as date) as week,
    cast(measured.customers as bigint) as customers,
    cast(measured.revenue as double) as revenue,
    cast(measured.top_tenth_customers as bigint) as top_tenth_customers,
    cast(measured.top_tenth_share as double) as top_tenth_share,
    cast(measured.gini as double) as gini,
    cast(measured.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'value_concentration') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
