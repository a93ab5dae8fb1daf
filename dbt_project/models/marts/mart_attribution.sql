select
    cast(measured.week as date) as week,
    cast(measured.conversion_type as varchar) as conversion_type,
    cast(measured.model as varchar) as model,
    cast(measured.channel as varchar) as channel,
    cast(measured.campaign as varchar) as campaign,
    cast(measured.credit as double) as credit,
    cast(measured.value as decimal(18, 6)) as value,
    cast(measured.spend as decimal(18, 6)) as spend,
    cast(measured.cost_per_conversion as double) as cost_per_conversion,
    cast(measured.return_on_ad_spend as double) as return_on_ad_spend,
    cast(measured.credit_ci_low as double) as credit_ci_low,
    cast(measured.credit_ci_high as double) as credit_ci_high,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'attribution') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
