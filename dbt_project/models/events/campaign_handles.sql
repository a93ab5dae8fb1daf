with spend as (
    select * from {{ ref('spend') }}
),

clicks as (
    select * from {{ ref('stg_google_ads__click_view') }}
),

campaigns as (
    select
        campaign_id,
        max_by(campaign, spend_date) as campaign,
        max_by(campaign_type, spend_date) as campaign_type,
        max_by(channel, spend_date) as channel
    from spend
    where campaign_id is not null
    group by campaign_id
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
        clicked.gclid,
        clicked.campaign_id,
        coalesce(campaigns.campaign, clicked.campaign),
        campaigns.campaign_type,
        campaigns.channel
    from clicked
    left join campaigns on clicked.campaign_id = campaigns.campaign_id
)

select * from handles
