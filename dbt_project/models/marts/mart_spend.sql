with spend as (
    select * from {{ ref('reported_spend') }}
),

-- Platforms deliver down to the ad; what is released is the campaign's day.
daily as (
    select
        spend_date,
        platform,
        channel,
        campaign_id,
        campaign,
        cost_currency,
        reporting_currency,
        cast(sum(cost_amount) as decimal(18, 6)) as cost_amount,
        cast(sum(cost_amount_reporting) as decimal(18, 6)) as cost_amount_reporting,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(platform_conversions) as decimal(18, 6)) as platform_conversions,
        cast(sum(platform_conversion_value) as decimal(18, 6)) as platform_conversion_value
    from spend
    group by spend_date, platform, channel, campaign_id, campaign, cost_currency, reporting_currency
)

select
    {{ key_of(['spend_date', 'platform', 'channel', 'campaign_id', 'campaign', 'cost_currency']) }} as spend_id,
    spend_date,
    platform,
    channel,
    campaign_id,
    campaign,
    cost_amount,
    cost_currency,
    cost_amount_reporting,
    reporting_currency,
    impressions,
    clicks,
    platform_conversions,
    platform_conversion_value
from daily
