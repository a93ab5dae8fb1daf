select
    cells.week,
    cells.cohort_set,
    cells.cohort,
    cells.from_activity,
    cells.to_activity,
    cells.journeys,
    cells.occurrences,
    cells.median_seconds,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('transition_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
