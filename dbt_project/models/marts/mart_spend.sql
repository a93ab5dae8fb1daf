select
    spend_id,
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
from {{ ref('reported_spend') }}
