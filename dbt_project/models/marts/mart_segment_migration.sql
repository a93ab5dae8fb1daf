select
    cast(measured.week as date) as week,
    cast(measured.segment_set as varchar) as segment_set,
    cast(measured.from_segment as varchar) as from_segment,
    cast(measured.to_segment as varchar) as to_segment,
    cast(measured.customers as bigint) as customers,
    cast(measured.share as double) as share,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.is_rule_change as boolean) as is_rule_change,
    cast(measured.from_rule_version as varchar) as from_rule_version,
    cast(measured.to_rule_version as varchar) as to_rule_version,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'segment_migration') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
