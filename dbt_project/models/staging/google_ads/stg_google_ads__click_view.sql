with source as (
    select * from {{ source('raw', 'google_ads__click_view') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('click_view', {'resourceName': 'VARCHAR', 'gclid': 'VARCHAR'}) }} as click,
        {{ json_fields('campaign', {'id': 'VARCHAR', 'name': 'VARCHAR'}) }} as promoted,
        {{ json_fields('segments', {'date': 'VARCHAR'}) }} as segment
    from source
),

-- Some clicks come without a gclid; they are counted here and lead to nobody.
renamed as (
    select
        'google_ads' as source,
        {{ key_of(["'click'", 'click.resourcename']) }} as record_key,
        {{ clean_text('click.gclid') }} as gclid,
        promoted.id as campaign_id,
        promoted.name as campaign,
        try_cast(segment.date as date) as click_date,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
)

select * from renamed
