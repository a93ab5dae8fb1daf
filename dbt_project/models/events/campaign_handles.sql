with spend as (
    select * from {{ ref('spend') }}
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
        max_by(channel, (spend_date, spend_id)) as channel
    from spend
    where campaign_id is not null
    group by campaign_id
    having min(platform) = max(platform)
),

-- The tags of a link may serve several campaigns: then they still say the channel, if that is one.
tagged as (
    select
        campaign_tag,
        case when min(campaign_id) = max(campaign_id) and min(platform) = max(platform) then min(campaign_id) end
            as campaign_id,
        case when min(channel) = max(channel) then min(channel) end as channel
    from spend
    where campaign_tag is not null
    group by campaign_tag
),

-- A visit may carry the platform's own source and medium and name its campaign. Names repeat: one that two campaigns
-- have says nothing.
called as (
    select
        {{ campaign_tag('utm_source', 'utm_medium', 'campaign') }} as handle,
        max(campaign_id) as campaign_id,
        max_by(campaign, (spend_date, spend_id)) as campaign,
        max_by(campaign_type, (spend_date, spend_id)) as campaign_type,
        max_by(channel, (spend_date, spend_id)) as channel
    from spend
    where {{ campaign_tag('utm_source', 'utm_medium', 'campaign') }} is not null
    group by {{ campaign_tag('utm_source', 'utm_medium', 'campaign') }}
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

handles as (
    select campaign_id as handle, campaign_id, campaign, campaign_type, channel
    from campaigns
    union all
    select
        cast(clicked.gclid as varchar),
        clicked.campaign_id,
        coalesce(campaigns.campaign, clicked.campaign),
        campaigns.campaign_type,
        campaigns.channel
    from clicked
    left join campaigns on clicked.campaign_id = campaigns.campaign_id
    union all
    select
        tagged.campaign_tag,
        tagged.campaign_id,
        campaigns.campaign,
        campaigns.campaign_type,
        coalesce(campaigns.channel, tagged.channel)
    from tagged
    left join campaigns on tagged.campaign_id = campaigns.campaign_id
    union all
    select
        called.handle,
        called.campaign_id,
        coalesce(campaigns.campaign, called.campaign),
        coalesce(campaigns.campaign_type, called.campaign_type),
        coalesce(campaigns.channel, called.channel)
    from called
    left join campaigns on called.campaign_id = campaigns.campaign_id
    where not exists (select 1 from tagged where tagged.campaign_tag = called.handle)
)

select * from handles
