with source as (
    select * from {{ source('raw', 'microsoft_ads__campaign_performance') }}
    where _is_current
),

-- Ids stand in brackets, so that a spreadsheet takes them for text.
renamed as (
    select
        'microsoft_ads' as source,
        'microsoft_ads' as platform,
        coalesce(trim({{ clean_text('account_id') }}, '[]'), {{ clean_text('account_number') }}) as account_id,
        {{ clean_text('account_name') }} as account,
        trim({{ clean_text('campaign_id') }}, '[]') as campaign_id,
        {{ clean_text('campaign_name') }} as campaign,
        case
            when lower(campaign_type) like 'search%' or lower(campaign_type) like '%dynamic search%' then 'search'
            when lower(campaign_type) like '%shopping%' then 'shopping'
            when lower(campaign_type) like 'audience%' then 'display'
            else replace(lower({{ clean_text('campaign_type') }}), ' ', '_')
        end as campaign_type,
        trim({{ clean_text('ad_group_id') }}, '[]') as ad_set_id,
        {{ clean_text('ad_group_name') }} as ad_set,
        trim({{ clean_text('ad_id') }}, '[]') as ad_id,
        cast(null as varchar) as ad,
        'bing' as utm_source,
        'cpc' as utm_medium,
        try_cast(time_period as date) as spend_date,
        {{ clean_money('spend') }} as cost_amount,
        upper({{ clean_text('currency_code') }}) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        {{ clean_money('conversions') }} as platform_conversions,
        {{ clean_money('revenue') }} as platform_conversion_value,
        _delivery_rank as delivery_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

newest as (
    {{ newest_telling('renamed') }}
),

keyed as (
    select *, {{ spend_key() }} as record_key
    from newest
)

select * from keyed
