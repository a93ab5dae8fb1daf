{{ config(meta={'dagster': {'ref': {'name': 'touchpoints'}}}) }}
-- A campaign has one channel, whether it is seen from its clicks or from its bill.
select touchpoints.touchpoint_id, touchpoints.campaign_id, touchpoints.channel, spend.channel as spend_channel
from {{ ref('touchpoints') }} as touchpoints
inner join (select distinct campaign_id, channel from {{ ref('spend') }}) as spend
    on touchpoints.campaign_id = spend.campaign_id
where touchpoints.channel is distinct from spend.channel
