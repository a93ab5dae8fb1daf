with spend as (
    select
        *,
        {{ campaign_tag('utm_source', 'utm_medium', 'campaign') }} as called_tag,
        row_number() over (partition by campaign_id order by spend_date desc, spend_id desc) as campaign_recency,
        row_number() over (partition by campaign_tag order by spend_date desc, spend_id desc) as tag_recency,
        row_number() over (
            partition by {{ campaign_tag('utm_source', 'utm_medium', 'campaign') }}
            order by spend_date desc, spend_id desc
        ) as called_recency
    from {{ ref('spend') }}
),

clicks as (
    select * from {{ ref('stg_google_ads__click_view') }}
),

-- An id that two platforms use says nothing about either.
campaigns as (
    select
        campaign_id,
        max_by(campaign, (spend_date, spend_id)) as campaign,
        max_by(campaign_type, (spend_date, spend_id)) as campaign_type,
        {{ billed_channel('campaign_recency') }}
    from spend
    where campaign_id is not null
    group by campaign_id
    having min(platform) = max(platform)
),

-- The tags of a link may serve several campaigns: then they still say the channel, if that is one under each version
-- of the rules.
one_channel as (
    select campaign_tag
    from (
        select campaign_tag, min(channel) = max(channel) as is_one
        from spend
        where campaign_tag is not null
        group by campaign_tag, channel_rule_version
    ) as versions
    group by campaign_tag
    having bool_and(is_one)
),

tagged as (
    select
        spend.campaign_tag,
        case when min(spend.campaign_id) = max(spend.campaign_id) and min(spend.platform) = max(spend.platform)
            then min(spend.campaign_id) end as campaign_id,
        case when max(one_channel.campaign_tag) is not null then
            max(case when spend.tag_recency = 1 then spend.campaign_type end) end as campaign_type,
        {{ billed_channel('tag_recency', 'max(one_channel.campaign_tag) is not null', 'spend.') }}
    from spend
    left join one_channel on spend.campaign_tag = one_channel.campaign_tag
    where spend.campaign_tag is not null
    group by spend.campaign_tag
),

-- A visit may carry the platform's own source and medium and name its campaign. Names repeat: one that two campaigns
-- have says nothing.
called as (
    select
        called_tag as handle,
        max(campaign_id) as campaign_id,
        max_by(campaign, (spend_date, spend_id)) as campaign,
        max_by(campaign_type, (spend_date, spend_id)) as campaign_type,
        {{ billed_channel('called_recency') }}
    from spend
    where called_tag is not null
    group by called_tag
    having
        min(platform) = max(platform)
        and count(distinct campaign_id) <= 1
        and count(distinct account_id) <= 1
),

clicked as (
    select
        gclid,
        max_by(campaign_id, (click_date, record_key)) as campaign_id,
        max_by(campaign, (click_date, record_key)) as campaign
    from clicks
    where gclid is not null
    group by gclid
),

named as (
    select campaign_id as handle, campaign_id, campaign, campaign_type, utm_source, utm_medium, stated_channel, is_billed
    from campaigns
    union all
    select cast(gclid as varchar), campaign_id, campaign, null, null, null, null, false from clicked
    union all
    select campaign_tag, campaign_id, null, campaign_type, utm_source, utm_medium, stated_channel, is_billed from tagged
    union all
    select handle, campaign_id, campaign, campaign_type, utm_source, utm_medium, stated_channel, is_billed
    from called
    where not exists (select 1 from tagged where tagged.campaign_tag = called.handle)
)

-- What the campaign itself says goes before what one handle of it does.
select
    named.handle,
    named.campaign_id,
    coalesce(campaigns.campaign, named.campaign) as campaign,
    case when campaigns.is_billed or named.is_billed then coalesce(campaigns.campaign_type, named.campaign_type) end
        as campaign_type,
    case when campaigns.is_billed then campaigns.utm_source else named.utm_source end as utm_source,
    case when campaigns.is_billed then campaigns.utm_medium else named.utm_medium end as utm_medium,
    case when campaigns.is_billed then campaigns.stated_channel else named.stated_channel end as stated_channel,
    coalesce(campaigns.is_billed, named.is_billed) as is_billed
from named
left join campaigns on named.campaign_id = campaigns.campaign_id
