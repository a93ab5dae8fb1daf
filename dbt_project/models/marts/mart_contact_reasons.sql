select
    cast(measured.week as date) as week,
    cast(measured.source as varchar) as source,
    cast(measured.rank as bigint) as rank,
    cast(measured.reason as varchar) as reason,
    cast(measured.contacts as bigint) as contacts,
    cast(measured.all_contacts as bigint) as all_contacts,
    cast(measured.share as double) as share,
    cast(measured.cumulative_share as double) as cumulative_share,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'contact_reasons') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
