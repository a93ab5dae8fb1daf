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
        preferred.* exclude (account_id, campaign, campaign_type, channel, stated_channel),
        preferred.channel as stated_channel,
        coalesce(preferred.account_id, campaigns.account_id) as account_id,
        coalesce(campaigns.campaign, preferred.campaign) as campaign,
        coalesce(campaigns.campaign_type, preferred.campaign_type) as campaign_type,
        preferred.utm_source as channel_source,
        preferred.utm_medium as channel_medium,
        cast(null as varchar) as channel_click_id_type
    from preferred
    left join campaigns
        on preferred.platform = campaigns.platform
        and preferred.campaign_id = campaigns.campaign_id
),

rule_days as (
    {{ channel_days('named', 'spend_date') }}
),

dated as (
    select named.*, rule_days.channel_version
    from named
    left join rule_days on named.spend_date = rule_days.day
),

channels as (
    {{ channels_of('dated') }}
),

final as (
    select
        dated.record_key as spend_id,
        dated.source,
        dated.platform,
        dated.account_id,
        dated.campaign_id,
        dated.campaign,
        dated.campaign_type,
        dated.ad_set_id,
        dated.ad_set,
        dated.ad_id,
        dated.ad,
        dated.attribution_setting,
        dated.utm_source,
        dated.utm_medium,
        dated.campaign_tag,
        coalesce(dated.stated_channel, channels.channel) as channel,
        dated.stated_channel,
        case
            when dated.stated_channel is not null then 'stated'
            else '{{ var('channel_ruleset') }} ' || coalesce(cast(dated.channel_version as varchar), 'none')
        end as channel_rule_version,
        dated.spend_date,
        dated.cost_amount,
        dated.cost_currency,
        dated.impressions,
        dated.clicks,
        dated.platform_conversions,
        dated.platform_conversion_value,
        dated.source_file_id,
        dated.source_row_number
    from dated
    left join channels on {{ same_channel_tuple('dated', 'channels') }}
)

select * from final
