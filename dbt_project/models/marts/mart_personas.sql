select
    cast(measured.week as date) as week,
    cast(measured.persona as varchar) as persona,
    cast(measured.title as varchar) as title,
    cast(measured.rule as varchar) as rule,
    cast(measured.description as varchar) as description,
    cast(measured.goals as varchar) as goals,
    cast(measured.pains_in_words as varchar) as pains_in_words,
    cast(measured.customers as bigint) as customers,
    cast(measured.share as double) as share,
    cast(measured.top_pains as varchar) as top_pains,
    cast(measured.preferred_channel as varchar) as preferred_channel,
    cast(measured.preferred_channel_by as varchar) as preferred_channel_by,
    cast(measured.channel_share as double) as channel_share,
    cast(measured.revenue_per_customer as double) as revenue_per_customer,
    cast(measured.nps as double) as nps,
    cast(measured.nps_low as double) as nps_low,
    cast(measured.nps_high as double) as nps_high,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'personas') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
