select
    cast(conversion_type as varchar) as conversion_type,
    cast(model as varchar) as model,
    cast(starts_on as date) as starts_on,
    cast(ends_before as date) as ends_before,
    cast(person_days as bigint) as person_days,
    cast(conversions as bigint) as conversions,
    cast(experiments as bigint) as experiments,
    cast(log_loss as double) as log_loss,
    cast(is_fitted as boolean) as is_fitted,
    cast(note as varchar) as note
from {{ source('measures', 'attribution_models') }}
