select
    cast(measured.week as date) as week,
    measured.conversion_type,
    measured.model,
    measured.channel,
    measured.campaign,
    measured.credit,
    cast(measured.value as decimal(18, 6)) as value,
    cast(measured.spend as decimal(18, 6)) as spend,
    measured.cost_per_conversion,
    measured.return_on_ad_spend,
    measured.credit_ci_low,
    measured.credit_ci_high,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'attribution') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
