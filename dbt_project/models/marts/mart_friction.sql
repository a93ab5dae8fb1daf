select
    cast(measured.week as date) as week,
    cast(measured.stage as varchar) as stage,
    cast(measured.page_group as varchar) as page_group,
    cast(measured.signal as varchar) as signal,
    cast(measured.events as bigint) as events,
    cast(measured.affected_sessions as bigint) as affected_sessions,
    cast(measured.sessions as bigint) as sessions,
    cast(measured.affected_share as double) as affected_share,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'friction') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
