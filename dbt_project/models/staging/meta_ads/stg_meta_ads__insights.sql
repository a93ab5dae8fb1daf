-- One purchase is told under each of these names, so one of them counts: the first that is there.
{% set purchase_names = ['omni_purchase', 'purchase', 'offsite_conversion.fb_pixel_purchase'] %}

with source as (
    select * from {{ source('raw', 'meta_ads__insights') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_list('actions', {'action_type': 'VARCHAR', 'value': 'VARCHAR'}) }} as action_items,
        {{ json_list('action_values', {'action_type': 'VARCHAR', 'value': 'VARCHAR'}) }} as value_items
    from source
),

renamed as (
    select
        'meta_ads' as source,
        'meta_ads' as platform,
        replace({{ clean_text('account_id') }}, 'act_', '') as account_id,
        {{ clean_text('account_name') }} as account,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign_name') }} as campaign,
        {{ clean_text('adset_id') }} as ad_set_id,
        {{ clean_text('adset_name') }} as ad_set,
        {{ clean_text('ad_id') }} as ad_id,
        {{ clean_text('ad_name') }} as ad,
        'facebook' as utm_source,
        'paid_social' as utm_medium,
        try_cast(date_start as date) as spend_date,
        try_cast(spend as decimal(18, 6)) as cost_amount,
        upper({{ clean_text('account_currency') }}) as cost_currency,
        try_cast(impressions as bigint) as impressions,
        -- `clicks` counts likes and comments too; the download counts clicks on the link.
        try_cast(inline_link_clicks as bigint) as clicks,
        coalesce(
            {%- for name in purchase_names %}
            try_cast({{ action_value('action_items', name) }} as decimal(18, 6)){{ ',' if not loop.last }}
            {%- endfor %}
        ) as platform_conversions,
        coalesce(
            {%- for name in purchase_names %}
            try_cast({{ action_value('value_items', name) }} as decimal(18, 6)){{ ',' if not loop.last }}
            {%- endfor %}
        ) as platform_conversion_value,
        {{ clean_text('attribution_setting') }} as attribution_setting,
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
