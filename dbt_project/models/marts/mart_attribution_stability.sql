select
    cast(measured.week as date) as week,
    cast(measured.conversion_type as varchar) as conversion_type,
    cast(measured.model as varchar) as model,
    cast(measured.conversions as double) as conversions,
    cast(measured.channels as bigint) as channels,
    cast(measured.total_variation_distance as double) as total_variation_distance,
    cast(measured.total_variation_error as double) as total_variation_error,
    cast(measured.chance_distance as double) as chance_distance,
    cast(measured.rank_correlation as double) as rank_correlation,
    cast(measured.largest_share_change as double) as largest_share_change,
    cast(measured.largest_change_channel as varchar) as largest_change_channel,
    cast(measured.is_identified as boolean) as is_identified,
    cast(measured.is_unsteady as boolean) as is_unsteady,
    cast(measured.null_share as double) as null_share,
    cast(measured.has_few_nulls as boolean) as has_few_nulls,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'attribution_stability') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
