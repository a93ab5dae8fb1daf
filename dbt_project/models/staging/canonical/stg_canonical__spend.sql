with source as (
    select * from {{ source('raw', 'canonical__spend') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        coalesce(system, 'canonical') as platform,
        {{ key_of(["'spend'", 'system', 'spend_date', 'account_id', 'campaign_id', 'campaign', 'adset_id', 'ad_id', 'channel']) }}
            as record_key,
        account_id,
        campaign_id,
        campaign,
        adset_id as ad_set_id,
        ad_id,
        channel,
        coalesce(system, 'canonical') as utm_source,
        'cpc' as utm_medium,
        try_cast(spend_date as date) as spend_date,
        {{ clean_money('cost_amount') }} as cost_amount,
        upper(cost_currency) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        {{ clean_money('platform_conversions') }} as platform_conversions,
        {{ clean_money('platform_conversion_value') }} as platform_conversion_value,
        attribution_setting,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
