select
    cast(measured.segment_set as varchar) as segment_set,
    cast(measured.valid_from as date) as valid_from,
    cast(measured.position as bigint) as position,
    cast(measured.segment as varchar) as segment,
    cast(measured.description as varchar) as description,
    cast(measured.rule as varchar) as rule,
    cast(measured.rule_version as varchar) as rule_version
from {{ source('measures', 'segments') }} as measured
