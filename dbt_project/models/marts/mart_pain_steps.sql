select
    cells.week,
    cells.kind,
    cells.step,
    cells.breakdown,
    cells.member,
    cast(cells.window_seconds as bigint) as window_seconds,
    cast(cells.entered as bigint) as entered,
    cast(cells.dropped as bigint) as dropped,
    cast(cells.open as bigint) as open,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('pain_step_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
