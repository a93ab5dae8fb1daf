select
    cells.week,
    cells.cohort_set,
    cells.cohort,
    cells.step_number,
    cells.activity,
    cells.journeys,
    cells.journeys / sum(cells.journeys) over (
        partition by cells.week, cells.cohort_set, cells.cohort, cells.step_number
    ) as share,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('path_step_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
