select
    measured.*,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'attribution') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
