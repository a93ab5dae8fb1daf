with source as (
    select * from {{ source('raw', 'google_ads__campaign_report') }}
    where _is_current
),

renamed as (
    select
        'google_ads' as source,
        'google_ads' as platform,
        replace({{ clean_text('customer_id') }}, '-', '') as account_id,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign') }} as campaign,
        replace(lower({{ clean_text('campaign_type') }}), ' ', '_') as campaign_type,
        'google' as utm_source,
        'cpc' as utm_medium,
        try_cast(day as date) as spend_date,
        {{ clean_money('cost') }} as cost_amount,
        upper({{ clean_text('currency_code') }}) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        {{ clean_money('conversions') }} as platform_conversions,
        {{ clean_money('conversion_value') }} as platform_conversion_value,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- A download without campaign ids names its campaigns; the name is then the only key there is.
keyed as (
    select *, {{ key_of(['platform', 'spend_date', 'coalesce(campaign_id, campaign)']) }} as record_key
    from renamed
)

select * from keyed
