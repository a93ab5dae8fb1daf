{%- set lasting_days = 7 * (var('click_lookback_days') // 7) -%}
with visits as (
    select * from {{ ref('tagged_visits') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

spend as (
    select
        week,
        coalesce(channel, 'unassigned') as channel,
        lower(trim(coalesce(campaign, campaign_id))) as campaign_key,
        max(trim(coalesce(campaign, campaign_id))) as campaign,
        {{ ordered_text('distinct platform', ', ', 'platform') }} as platform,
        cast(sum(cost_amount_reporting) as decimal(18, 6)) as spend_amount,
        cast(sum(clicks) as bigint) as clicks
    from {{ ref('reported_spend') }}
    group by week, coalesce(channel, 'unassigned'), lower(trim(coalesce(campaign, campaign_id)))
),

paid as (
    select * from visits where {{ channel_family('channel') }} = 'advertising'
),

measured_weeks as (
    select week, sum(tagged_visits) as tagged_visits from visits group by week
),

by_name as (
    select week, campaign_key, sum(tagged_visits) as tagged_visits from visits group by week, campaign_key
),

met as (
    select
        coalesce(spend.week, paid.week) as week,
        coalesce(spend.channel, paid.channel) as channel,
        coalesce(spend.campaign_key, paid.campaign_key) as campaign_key,
        coalesce(spend.campaign, paid.campaign) as campaign,
        spend.platform,
        coalesce(spend.spend_amount, 0) as spend_amount,
        spend.clicks,
        coalesce(paid.tagged_visits, 0) as tagged_visits
    from spend
    full join paid
        on spend.week = paid.week
        and spend.channel = paid.channel
        and spend.campaign_key is not distinct from paid.campaign_key
),

-- A link outlives its budget: visits of the weeks after are still paid for.
compared as (
    select
        met.*,
        greatest(0, coalesce(by_name.tagged_visits, 0) - met.tagged_visits) as visits_elsewhere,
        measured_weeks.tagged_visits is not null as is_measured,
        sum(met.spend_amount) over (
            partition by met.channel, met.campaign_key order by met.week
            range between interval {{ lasting_days }} day preceding and current row
        ) as lasting_spend,
        sum(met.spend_amount) over (
            partition by met.campaign_key order by met.week
            range between interval {{ lasting_days }} day preceding and current row
        ) as lasting_spend_of_campaign,
        sum(met.spend_amount) over (partition by met.week) as week_spend
    from met
    left join by_name on met.week = by_name.week and met.campaign_key = by_name.campaign_key
    left join measured_weeks on met.week = measured_weeks.week
)

select
    compared.week,
    compared.channel,
    compared.campaign,
    compared.platform,
    case
        when compared.tagged_visits > 0 and compared.lasting_spend > 0 then 'ok'
        when compared.tagged_visits > 0 and compared.campaign is null then 'campaign_unknown'
        when compared.tagged_visits > 0 and compared.lasting_spend_of_campaign > 0 then 'channel_differs'
        when compared.tagged_visits > 0 then 'visits_without_spend'
        when compared.spend_amount = 0 or not compared.is_measured then 'not_expected'
        -- Of ten clicks one visit at least is measured, also where few visitors allow it.
        when compared.clicks < {{ var('coverage_min_missing') }} then 'not_expected'
        else 'spend_without_visits'
    end as finding,
    compared.spend_amount,
    parameters.reporting_currency,
    cast(compared.spend_amount / nullif(compared.week_spend, 0) as double) as spend_share,
    compared.clicks,
    compared.tagged_visits,
    cast(compared.tagged_visits as double) / nullif(compared.clicks, 0) as visits_per_click,
    cast(compared.visits_elsewhere as bigint) as visits_elsewhere,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from compared
cross join parameters
