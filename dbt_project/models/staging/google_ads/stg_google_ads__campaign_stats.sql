with source as (
    select * from {{ source('raw', 'google_ads__campaign_stats') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('customer', {'id': 'VARCHAR', 'currencyCode': 'VARCHAR'}) }} as account,
        {{ json_fields('campaign', {
            'id': 'VARCHAR', 'name': 'VARCHAR', 'advertisingChannelType': 'VARCHAR'
        }) }} as promoted,
        {{ json_fields('segments', {'date': 'VARCHAR'}) }} as segment,
        {{ json_fields('metrics', {
            'costMicros': 'VARCHAR', 'impressions': 'VARCHAR', 'clicks': 'VARCHAR',
            'conversions': 'VARCHAR', 'conversionsValue': 'VARCHAR'
        }) }} as metric
    from source
),

renamed as (
    select
        'google_ads' as source,
        'google_ads' as platform,
        account.id as account_id,
        cast(null as varchar) as account,
        promoted.id as campaign_id,
        promoted.name as campaign,
        lower(promoted.advertisingchanneltype) as campaign_type,
        cast(null as varchar) as ad_set_id,
        cast(null as varchar) as ad_set,
        cast(null as varchar) as ad_id,
        cast(null as varchar) as ad,
        'google' as utm_source,
        'cpc' as utm_medium,
        try_cast(segment.date as date) as spend_date,
        -- The API counts in millionths of the account's currency.
        cast(try_cast(metric.costmicros as decimal(28, 6)) / 1000000 as decimal(18, 6)) as cost_amount,
        upper(account.currencycode) as cost_currency,
        try_cast(metric.impressions as bigint) as impressions,
        try_cast(metric.clicks as bigint) as clicks,
        try_cast(metric.conversions as decimal(18, 6)) as platform_conversions,
        try_cast(metric.conversionsvalue as decimal(18, 6)) as platform_conversion_value,
        _delivery_rank as delivery_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
),

newest as (
    {{ newest_telling('renamed') }}
),

keyed as (
    select *, {{ spend_key() }} as record_key
    from newest
)

select * from keyed
