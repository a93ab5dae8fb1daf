with source as (
    select * from {{ source('raw', 'google_ads__campaign_report') }}
    where _is_current
),

renamed as (
    select
        'google_ads' as source,
        'google_ads' as platform,
        replace({{ clean_text('customer_id') }}, '-', '') as account_id,
        {{ clean_text('account_name') }} as account,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign') }} as campaign,
        replace(lower({{ clean_text('campaign_type') }}), ' ', '_') as campaign_type,
        {{ clean_text('ad_group_id') }} as ad_set_id,
        {{ clean_text('ad_group') }} as ad_set,
        {{ clean_text('ad_id') }} as ad_id,
        cast(null as varchar) as ad,
        'google' as utm_source,
        'cpc' as utm_medium,
        try_cast(day as date) as spend_date,
        {{ clean_money('cost') }} as cost_amount,
        upper({{ clean_text('currency_code') }}) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        {{ clean_money('conversions') }} as platform_conversions,
        {{ clean_money('conversion_value') }} as platform_conversion_value,
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
