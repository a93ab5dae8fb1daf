with source as (
    select * from {{ source('raw', 'meta_ads__ads_manager') }}
    where _is_current
),

renamed as (
    select
        'meta_ads' as source,
        'meta_ads' as platform,
        replace({{ clean_text('account_id') }}, 'act_', '') as account_id,
        {{ clean_text('account_name') }} as account,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign_name') }} as campaign,
        {{ clean_text('ad_set_id') }} as ad_set_id,
        {{ clean_text('ad_set_name') }} as ad_set,
        {{ clean_text('ad_id') }} as ad_id,
        {{ clean_text('ad_name') }} as ad,
        'facebook' as utm_source,
        'paid_social' as utm_medium,
        try_cast(day as date) as spend_date,
        {{ clean_money('amount_spent') }} as cost_amount,
        -- The header of the amount says what it is in; the column is for whoever selected it.
        upper(coalesce({{ clean_text('amount_currency') }}, {{ clean_text('currency') }})) as cost_currency,
        {{ clean_count('impressions') }} as impressions,
        {{ clean_count('link_clicks') }} as clicks,
        -- Results are purchases in one row and leads in the next: they are kept beside their indicator, never summed.
        {{ clean_money('results') }} as results,
        {{ clean_text('result_indicator') }} as result_indicator,
        {{ clean_money('purchases') }} as platform_conversions,
        {{ clean_money('purchases_conversion_value') }} as platform_conversion_value,
        {{ clean_text('attribution_setting') }} as attribution_setting,
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
