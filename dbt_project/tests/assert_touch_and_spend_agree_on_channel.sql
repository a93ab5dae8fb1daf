{{ config(meta={'dagster': {'ref': {'name': 'touchpoints'}}}) }}
-- Under one version of the rules a campaign has one channel, whether it is seen from its clicks or from its bill.
select distinct touchpoints.touchpoint_id, touchpoints.campaign_id, touchpoints.channel, spend.channel as spend_channel
from {{ ref('touchpoints') }} as touchpoints
inner join (
    select
        campaign_id,
        channel,
        channel_rule_version,
        -- An id that two platforms use says nothing about either.
        min(platform) over (partition by campaign_id) = max(platform) over (partition by campaign_id) as is_one_campaign
    from {{ ref('spend') }}
) as spend
    on touchpoints.campaign_id = spend.campaign_id
    and spend.is_one_campaign
    and (touchpoints.channel_rule_version = spend.channel_rule_version
        or 'stated' in (touchpoints.channel_rule_version, spend.channel_rule_version))
where touchpoints.channel is distinct from spend.channel
