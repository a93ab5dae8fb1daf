select
    cast(bridges.week as date) as week,
    cast(bridges.period_weeks as bigint) as period_weeks,
    cast(bridges.start_revenue as decimal(38, 6)) as start_revenue,
    cast(bridges.new_revenue as decimal(38, 6)) as new_revenue,
    cast(bridges.expansion_revenue as decimal(38, 6)) as expansion_revenue,
    cast(bridges.contraction_revenue as decimal(38, 6)) as contraction_revenue,
    cast(bridges.churned_revenue as decimal(38, 6)) as churned_revenue,
    cast(bridges.end_revenue as decimal(38, 6)) as end_revenue,
    cast(bridges.reactivated_revenue as decimal(38, 6)) as reactivated_revenue,
    cast(bridges.start_customers as bigint) as start_customers,
    cast(bridges.new_customers as bigint) as new_customers,
    cast(bridges.reactivated_customers as bigint) as reactivated_customers,
    cast(bridges.churned_customers as bigint) as churned_customers,
    cast(bridges.end_customers as bigint) as end_customers,
    cast(bridges.is_complete as boolean) as is_complete,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('revenue_bridges') }} as bridges
cross join {{ source('raw', 'run_parameters') }} as parameters
