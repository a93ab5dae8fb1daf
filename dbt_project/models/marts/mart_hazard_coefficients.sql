select
    cast(conversion_type as varchar) as conversion_type,
    cast(stage as varchar) as stage,
    cast(term as varchar) as term,
    cast(channel as varchar) as channel,
    cast(half_life_days as integer) as half_life_days,
    cast(coefficient as double) as coefficient,
    cast(standard_error as double) as standard_error
from {{ source('measures', 'hazard_coefficients') }}
