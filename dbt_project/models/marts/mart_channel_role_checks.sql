select
    cast(conversion_type as varchar) as conversion_type,
    cast(channel as varchar) as channel,
    cast(declared_role as varchar) as declared_role,
    cast(is_default as boolean) as is_default,
    cast(suggested_role as varchar) as suggested_role,
    cast(role as varchar) as role,
    cast(conversion_days as bigint) as conversion_days,
    cast(conversion_days_touched as bigint) as conversion_days_touched,
    cast(other_days as bigint) as other_days,
    cast(other_days_touched as bigint) as other_days_touched,
    cast(same_day_enrichment as double) as same_day_enrichment,
    cast(enrichment_ci_low as double) as enrichment_ci_low,
    cast(enrichment_ci_high as double) as enrichment_ci_high,
    cast(note as varchar) as note
from {{ source('measures', 'channel_role_checks') }}
