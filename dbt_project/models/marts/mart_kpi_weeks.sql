select
    cells.week,
    cells.kpi,
    cast(cells.numerator as decimal(38, 6)) as numerator,
    cast(cells.denominator as decimal(38, 6)) as denominator,
    cast(cells.sum_squares as decimal(38, 4)) as sum_squares,
    cells.is_mature,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('kpi_cells') }} as cells
cross join {{ source('raw', 'run_parameters') }} as parameters
