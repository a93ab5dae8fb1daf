select
    {{ id_text('paths.journey_id') }} as journey_id,
    paths.week,
    paths.customer_type,
    paths.segment_at_entry,
    paths.outcome,
    paths.is_converting,
    paths.is_mature,
    paths.has_ended,
    paths.path,
    paths.long_path,
    paths.steps,
    paths.steps_cut,
    paths.seconds,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('journey_paths') }} as paths
cross join {{ source('raw', 'run_parameters') }} as parameters
