with spend as (
    select * from {{ ref('reported_spend') }}
)

select
    week,
    channel,
    campaign,
    sum(cost_amount_reporting) as spend,
    sum(platform_conversions) as platform_conversions
from spend
group by week, channel, campaign
