-- Every export is a snapshot and stays one, also when a later one knows the post no more: so rows that are not
-- current are read as well.
-- Its day stands only in the file name (Nov-01-2026_Nov-07-2026_1234567890.csv), or in the path it was put under.
with source as (
    select
        *,
        trim(post_id) as content_id,
        coalesce(try_strptime("date", '%Y-%m-%d'), try_strptime("date", '%m/%d/%Y')) as figures_of,
        try_strptime(
            regexp_extract(_file_name, '[A-Z][a-z]{2}-[0-9]{2}-[0-9]{4}_([A-Z][a-z]{2}-[0-9]{2}-[0-9]{4})', 1),
            '%b-%d-%Y'
        ) as period_end
    from {{ source('raw', 'instagram__content') }}
),

dated as (
    select
        *,
        figures_of is null as is_lifetime,
        cast(coalesce(figures_of, greatest(coalesce(period_end, _exported_at), _exported_at)) as date) as snapshot_date
    from source
),

numbered as (
    select
        *,
        row_number() over (
            partition by content_id, is_lifetime, snapshot_date order by _delivery_rank desc, _row_number desc
        ) as export
    from dated
),

renamed as (
    select
        'instagram' as source,
        {{ key_of(['content_id', 'is_lifetime', 'snapshot_date']) }} as record_key,
        'instagram' as platform,
        content_id,
        {{ clean_text('account_id') }} as account_id,
        lower({{ clean_text('post_type') }}) as content_type,
        {{ clean_text('description') }} as title,
        {{ clean_text('permalink') }} as permalink,
        {{ local_to_utc('publish_time', var('organic_social_time_zone')) }} as published_at,
        snapshot_date,
        is_lifetime,
        -- Impressions were renamed to views; where both stand, they are two figures.
        coalesce({{ clean_count('views') }}, {{ clean_count('impressions') }}) as views,
        case when views is not null then {{ clean_count('impressions') }} end as impressions,
        {{ clean_count('reach') }} as reach,
        {{ clean_count('likes') }} as likes,
        {{ clean_count('shares') }} as shares,
        {{ clean_count('follows') }} as follows,
        {{ clean_count('comments') }} as comments,
        {{ clean_count('saves') }} as saves,
        _file_id as source_file_id,
        _row_number as source_row_number
    from numbered
    where export = 1
)

select * from renamed
