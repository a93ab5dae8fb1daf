with source as (
    select * from {{ source('raw', 'linkedin_ads__ad_performance') }}
    where _is_current
),

-- The group of campaigns became the campaign, and the campaign the ad set. Both namings are told here in the new one.
leveled as (
    select
        *,
        case when has_ad_sets then {{ clean_text('ad_set_id') }} else {{ clean_text('campaign_id') }} end as unit_id,
        case when has_ad_sets then {{ clean_text('ad_set_name') }} else {{ clean_text('campaign_name') }} end as unit,
        case when has_ad_sets then {{ clean_text('campaign_id') }} else {{ clean_text('campaign_group_id') }} end
            as group_id,
        case when has_ad_sets then {{ clean_text('campaign_name') }} else {{ clean_text('campaign_group_name') }} end
            as group_name
    from (select *, coalesce(ad_set_id, ad_set_name) is not null as has_ad_sets from source) as named
),

renamed as (
    select
        'linkedin_ads' as source,
        'linkedin_ads' as platform,
        {{ clean_text('account_name') }} as account_id,
        cast(null as varchar) as account,
        coalesce(group_id, unit_id) as campaign_id,
        case when group_id is not null then coalesce(group_name, group_id) else coalesce(unit, unit_id) end as campaign,
        unit_id as ad_set_id,
        unit as ad_set,
        {{ clean_text('ad_id') }} as ad_id,
        coalesce({{ clean_text('creative_name') }}, {{ clean_text('ad_headline') }}) as ad,
        'linkedin' as utm_source,
        'paid_social' as utm_medium,
        {{ campaign_tag(
            url_param('click_url', 'utm_source'), url_param('click_url', 'utm_medium'),
            url_param('click_url', 'utm_campaign')
        ) }} as campaign_tag,
        try_cast(start_date as date) as spend_date,
        {{ clean_money('total_spent') }} as cost_amount,
        upper({{ clean_text('currency') }}) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        {{ clean_money('conversions') }} as platform_conversions,
        {{ clean_count('leads') }} as leads,
        _delivery_rank as delivery_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from leveled
),

newest as (
    {{ newest_telling('renamed', unit='ad_set_id', name='ad_set') }}
),

keyed as (
    select *, {{ spend_key() }} as record_key
    from newest
)

select * from keyed
