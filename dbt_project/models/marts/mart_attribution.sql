-- Shares are rounded as running totals and their differences published: each for itself, a dozen of them would lose or
-- add millionths that the conversions do not have.
with measured as (
    select
        *,
        cast(sum(value) over so_far as decimal(18, 6)) as value_so_far
    from {{ source('measures', 'attribution') }}
    window so_far as (
        partition by week, conversion_type, model order by channel, campaign rows unbounded preceding
    )
)

select
    cast(measured.week as date) as week,
    cast(measured.conversion_type as varchar) as conversion_type,
    coalesce(types.is_headline, false) as is_headline,
    cast(measured.model as varchar) as model,
    cast(measured.channel as varchar) as channel,
    cast(measured.campaign as varchar) as campaign,
    cast(measured.credit as double) as credit,
    cast(
        measured.value_so_far - coalesce(lag(measured.value_so_far) over (
            partition by measured.week, measured.conversion_type, measured.model
            order by measured.channel, measured.campaign
        ), 0) as decimal(18, 6)
    ) as value,
    cast(measured.spend as decimal(18, 6)) as spend,
    cast(measured.cost_per_conversion as double) as cost_per_conversion,
    cast(measured.return_on_ad_spend as double) as return_on_ad_spend,
    cast(measured.credit_ci_low as double) as credit_ci_low,
    cast(measured.credit_ci_high as double) as credit_ci_high,
    cast(measured.interval_kind as varchar) as interval_kind,
    cast(measured.return_ci_low as double) as return_ci_low,
    cast(measured.return_ci_high as double) as return_ci_high,
    cast(measured.customer_acquisition_cost as double) as customer_acquisition_cost,
    cast(measured.spend_note as varchar) as spend_note,
    cast(measured.platform_conversions as double) as platform_conversions,
    cast(measured.role as varchar) as role,
    cast(measured.is_identified as boolean) as is_identified,
    cast(measured.is_calibrated as boolean) as is_calibrated,
    cast(measured.is_influence as boolean) as is_influence,
    cast(measured.models_disagree as boolean) as models_disagree,
    cast(measured.note as varchar) as note,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from measured
cross join {{ source('raw', 'run_parameters') }} as parameters
left join {{ ref('conversion_types') }} as types on measured.conversion_type = types.conversion_type
