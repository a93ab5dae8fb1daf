select
    cast(measured.week as date) as week,
    cast(measured.family as varchar) as family,
    cast(measured.instrument as varchar) as instrument,
    cast(measured.definition_id as varchar) as definition_id,
    cast(measured.answers as bigint) as answers,
    cast(measured.score as double) as score,
    cast(measured.mean_score as double) as mean_score,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_scored as boolean) as is_scored,
    cast(measured.is_compared as boolean) as is_compared,
    cast(measured.in_band as boolean) as in_band,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'consistency_touchpoints') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
