with spend as (
    select * from {{ ref('reported_spend') }}
)

select
    week,
    channel,
    campaign,
    sum(cost_amount_reporting) as spend
from spend
group by week, channel, campaign
