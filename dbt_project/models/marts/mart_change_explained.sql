select
    cast(measured.week as date) as week,
    cast(measured.metric as varchar) as metric,
    cast(measured.breakdown as varchar) as breakdown,
    cast(measured.member as varchar) as member,
    cast(measured.previous_week as date) as previous_week,
    cast(measured.entered0 as bigint) as entered0,
    cast(measured.converted0 as bigint) as converted0,
    cast(measured.entered1 as bigint) as entered1,
    cast(measured.converted1 as bigint) as converted1,
    cast(measured.share0 as double) as share0,
    cast(measured.share1 as double) as share1,
    cast(measured.rate0 as double) as rate0,
    cast(measured.rate1 as double) as rate1,
    cast(measured.rate_effect as double) as rate_effect,
    cast(measured.rate_effect_low as double) as rate_effect_low,
    cast(measured.rate_effect_high as double) as rate_effect_high,
    cast(measured.mix_effect as double) as mix_effect,
    cast(measured.change as double) as change,
    cast(measured.is_simpson as boolean) as is_simpson,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'change_explained') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
