select
    cast(scales.scale as varchar) as scale,
    cast(scales.items as bigint) as items,
    cast(scales.respondents as bigint) as respondents,
    cast(scales.respondents / nullif(counted.customers, 0) as double) as respondent_share,
    cast(scales.complete_answers as bigint) as complete_answers,
    cast(scales.alpha as double) as alpha,
    cast(scales.is_published as boolean) as is_published,
    cast(scales.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('attitude_scales') }} as scales
cross join (select cast(count(*) as double) as customers from {{ ref('customer_numbers') }}) as counted
cross join {{ source('raw', 'run_parameters') }} as parameters
