with source as (
    select * from {{ source('raw', 'tiktok_ads__report') }}
    where _is_current
),

renamed as (
    select
        'tiktok_ads' as source,
        'tiktok_ads' as platform,
        {{ clean_text('account_id') }} as account_id,
        {{ clean_text('account_name') }} as account,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign_name') }} as campaign,
        {{ clean_text('ad_group_id') }} as ad_set_id,
        {{ clean_text('ad_group_name') }} as ad_set,
        {{ clean_text('ad_id') }} as ad_id,
        {{ clean_text('ad_name') }} as ad,
        'tiktok' as utm_source,
        'paid_social' as utm_medium,
        try_cast(by_day as date) as spend_date,
        {{ clean_money('cost') }} as cost_amount,
        -- A download that does not say its currency says it by the folder it was put into.
        upper(coalesce(
            {{ clean_text('cost_currency') }},
            {{ clean_text('currency') }},
            nullif(regexp_extract(_file_name, '/([A-Z]{3})/[^/]+$', 1), '')
        )) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('clicks') }} as clicks,
        coalesce({{ clean_money('complete_payment') }}, {{ clean_money('conversions') }}) as platform_conversions,
        {{ clean_money('complete_payment_value') }} as platform_conversion_value,
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
