select
    cells.week,
    cells.stage,
    cells.device,
    cells.metric,
    cells.measurements,
    cells.p75,
    cells.measurements_28d,
    cells.p75_28d,
    cast(cells.good as double) / cells.measurements as good_share,
    cast(cells.needs_improvement as double) / cells.measurements as needs_improvement_share,
    cast(cells.poor as double) / cells.measurements as poor_share,
    cells.measurements < {{ var('min_n') }} as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('vital_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
