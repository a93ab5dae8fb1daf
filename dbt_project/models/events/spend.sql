with delivered as (
    {{ rows_from('stg_canonical__spend') }}
    union all
    {{ rows_from('stg_google_ads__campaign_stats', source_priority=1) }}
    union all
    {{ rows_from('stg_google_ads__campaign_report', source_priority=2) }}
    union all
    {{ rows_from('stg_meta_ads__insights', source_priority=1) }}
    union all
    {{ rows_from('stg_meta_ads__ads_manager', source_priority=2) }}
    union all
    {{ rows_from('stg_linkedin_ads__ad_performance') }}
    union all
    {{ rows_from('stg_microsoft_ads__campaign_performance') }}
    union all
    {{ rows_from('stg_tiktok_ads__report') }}
),

cut as (
    select *
    from delivered
    where {{ day_before_as_of('spend_date') }}
),

-- A screen download and an API never add up. They may stop at different levels, so a row counts as told when the
-- better export has the campaign's day and neither its ad set nor its ad is another one.
preferred as (
    select told.*
    from cut as told
    where
        {{ not_told_better('cut', 'better.campaign_id = told.campaign_id') }}
        and {{ not_told_better('cut', same_name_of_one_account()) }}
),

-- A campaign is renamed while it runs, and each export leaves something out: the latest name, the known type and the
-- known account hold for all its days.
campaigns as (
    select
        platform,
        campaign_id,
        max(account_id) as account_id,
        max_by(campaign, (spend_date, -source_priority, campaign)) filter (where campaign is not null) as campaign,
        max_by(campaign_type, (spend_date, -source_priority, campaign_type))
            filter (where campaign_type is not null) as campaign_type
    from cut
    where campaign_id is not null
    group by platform, campaign_id
),

named as (
    select
        preferred.* exclude (account_id, campaign, campaign_type),
        coalesce(preferred.account_id, campaigns.account_id) as account_id,
        coalesce(campaigns.campaign, preferred.campaign) as campaign,
        coalesce(campaigns.campaign_type, preferred.campaign_type) as campaign_type,
        cast(null as varchar) as click_id_type
    from preferred
    left join campaigns
        on preferred.platform = campaigns.platform
        and preferred.campaign_id = campaigns.campaign_id
),

channels as (
    {{ channels_of('named') }}
),

final as (
    select
        named.record_key as spend_id,
        named.source,
        named.platform,
        named.account_id,
        named.campaign_id,
        named.campaign,
        named.campaign_type,
        named.ad_set_id,
        named.ad_set,
        named.ad_id,
        named.ad,
        named.attribution_setting,
        named.utm_source,
        named.utm_medium,
        named.campaign_tag,
        coalesce(named.channel, channels.channel) as channel,
        named.spend_date,
        named.cost_amount,
        named.cost_currency,
        named.impressions,
        named.clicks,
        named.platform_conversions,
        named.platform_conversion_value,
        named.source_file_id,
        named.source_row_number
    from named
    left join channels on {{ same_channel_tuple('named', 'channels') }}
)

select * from final
