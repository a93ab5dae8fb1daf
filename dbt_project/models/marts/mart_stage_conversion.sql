select
    measured.*,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'stage_conversion') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
