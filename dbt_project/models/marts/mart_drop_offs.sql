select
    cast(drop_offs.week as date) as week,
    cast(drop_offs.funnel as varchar) as funnel,
    cast(drop_offs.mode as varchar) as mode,
    cast(drop_offs.from_stage as varchar) as from_stage,
    cast(drop_offs.to_stage as varchar) as to_stage,
    cast(drop_offs.window_seconds as bigint) as window_seconds,
    cast(drop_offs.last_touch as varchar) as last_touch,
    cast(drop_offs.last_channel as varchar) as last_channel,
    cast(drop_offs.next_touch as varchar) as next_touch,
    cast(drop_offs.next_channel as varchar) as next_channel,
    cast(drop_offs.journeys as bigint) as journeys,
    cast(drop_offs.dropped as bigint) as dropped,
    cast(drop_offs.still_open as bigint) as still_open,
    cast(drop_offs.moved_late as bigint) as moved_late,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('drop_offs') }} as drop_offs
cross join {{ source('raw', 'run_parameters') }} as parameters
