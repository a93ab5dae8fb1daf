select
    cells.week,
    cells.stage,
    cells.sub_stage,
    cells.journeys,
    cells.journeys_in_stage,
    cast(cells.journeys as double) / cells.journeys_in_stage as share,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('sub_stage_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
