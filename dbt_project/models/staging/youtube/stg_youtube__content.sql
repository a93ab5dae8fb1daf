-- Every export is a snapshot and stays one, also when a later one knows the video no more: so rows that are not
-- current are read as well.
with source as (
    select
        *,
        trim(content) as content_id,
        cast(_exported_at as date) as snapshot_date
    from {{ source('raw', 'youtube__content') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by content_id, snapshot_date order by _delivery_rank desc, _row_number desc
        ) as export
    from source
),

renamed as (
    select
        'youtube' as source,
        {{ key_of(['content_id', 'snapshot_date']) }} as record_key,
        'youtube' as platform,
        content_id,
        'video' as content_type,
        {{ clean_text('video_title') }} as title,
        cast(null as varchar) as permalink,
        {{ local_to_utc('video_publish_time', var('organic_social_time_zone')) }} as published_at,
        snapshot_date,
        true as is_lifetime,
        {{ clean_count('views') }} as views,
        {{ clean_money('watch_time_hours') }} as watch_time_hours,
        {{ clean_count('subscribers') }} as subscribers,
        {{ clean_count('impressions') }} as impressions,
        cast({{ clean_money('impressions_click_through_rate') }} / 100 as decimal(18, 6)) as impression_click_share,
        _file_id as source_file_id,
        _row_number as source_row_number
    from numbered
    where export = 1
)

select * from renamed
