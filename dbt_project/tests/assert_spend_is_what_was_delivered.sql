{{ config(meta={'dagster': {'ref': {'name': 'spend'}}}) }}
-- To the cent, row by row, against the delivered files themselves: nothing is lost, nothing is counted twice. A row
-- may be absent where another file tells that day of its campaign.
{% set exports = {
    'canonical__spend': {
        'platform': "coalesce(system, 'canonical')",
        'day': 'spend_date', 'campaign_id': 'campaign_id', 'campaign': 'campaign', 'cost': 'cost_amount'},
    'google_ads__campaign_report': {
        'day': 'day', 'campaign_id': 'campaign_id', 'campaign': 'campaign', 'cost': 'cost'},
    'google_ads__campaign_stats': {
        'day': '(' ~ json_fields('segments', {'date': 'VARCHAR'}) ~ ').date',
        'campaign_id': '(' ~ json_fields('campaign', {'id': 'VARCHAR'}) ~ ').id',
        'campaign': '(' ~ json_fields('campaign', {'name': 'VARCHAR'}) ~ ').name',
        'cost': 'cast((' ~ json_fields('metrics', {'costMicros': 'VARCHAR'})
            ~ ').costmicros as decimal(28, 6)) / 1000000'},
    'meta_ads__ads_manager': {
        'day': 'day', 'campaign_id': 'campaign_id', 'campaign': 'campaign_name', 'cost': 'amount_spent'},
    'meta_ads__insights': {
        'day': 'date_start', 'campaign_id': 'campaign_id', 'campaign': 'campaign_name', 'cost': 'spend'},
    'linkedin_ads__ad_performance': {
        'day': 'start_date', 'cost': 'total_spent',
        'campaign_id': 'case when ad_set_id is null and ad_set_name is null'
            ~ ' then coalesce(campaign_group_id, campaign_id) else campaign_id end',
        'campaign': 'case when ad_set_id is null and ad_set_name is null'
            ~ ' then coalesce(campaign_group_name, campaign_name) else campaign_name end'},
    'microsoft_ads__campaign_performance': {
        'day': 'time_period', 'campaign_id': "trim(campaign_id, '[]')", 'campaign': 'campaign_name', 'cost': 'spend'},
    'tiktok_ads__report': {
        'day': 'by_day', 'campaign_id': 'campaign_id', 'campaign': 'campaign_name', 'cost': 'cost'}
} %}

with delivered as (
    {%- for export, columns in exports.items() %}
    {{ 'union all' if not loop.first }}
    select
        {{ columns.platform or "'" ~ export.split('__')[0] ~ "'" }} as platform,
        cast({{ columns.day }} as date) as spend_date,
        {{ columns.campaign_id }} as campaign_id,
        {{ columns.campaign }} as campaign,
        cast({{ columns.cost }} as decimal(18, 6)) as cost_amount,
        _file_id as source_file_id,
        _row_number as source_row_number
    from {{ source('raw', export) }}
    where _is_current
    {%- endfor %}
),

expected as (
    select * from delivered
    where {{ day_before_as_of('spend_date') }}
),

compared as (
    select
        coalesce(expected.source_file_id, spend.source_file_id) as source_file_id,
        coalesce(expected.source_row_number, spend.source_row_number) as source_row_number,
        expected.platform,
        expected.spend_date,
        expected.campaign_id,
        expected.campaign,
        expected.cost_amount,
        spend.cost_amount as spend_amount,
        count(*) over (partition by spend.source_file_id, spend.source_row_number) as times_counted
    from expected
    full join {{ ref('spend') }} as spend
        on expected.source_file_id = spend.source_file_id
        and expected.source_row_number = spend.source_row_number
),

-- What was counted, under the names it was delivered with.
counted as (
    select * from compared
    where cost_amount = spend_amount
)

select compared.*
from compared
where
    (compared.spend_amount is not null and compared.times_counted > 1)
    or compared.cost_amount is distinct from compared.spend_amount
    and not (
        compared.spend_amount is null
        and exists (
            select 1
            from counted
            where
                counted.platform = compared.platform
                and counted.spend_date = compared.spend_date
                and (counted.campaign_id = compared.campaign_id or counted.campaign = compared.campaign)
                and counted.source_file_id <> compared.source_file_id
        )
    )
