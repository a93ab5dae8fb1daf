select
    measured.*,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'kpi_scorecard') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
