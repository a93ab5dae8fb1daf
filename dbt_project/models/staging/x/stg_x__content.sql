{%- set counts = [
    'impressions', 'likes', 'engagements', 'bookmarks', 'shares', 'new_follows', 'replies', 'reposts', 'profile_visits',
    'detail_expands', 'url_clicks', 'hashtag_clicks', 'permalink_clicks'
] -%}
-- Every export is a snapshot and stays one, also when a later one knows the post no more: so rows that are not
-- current are read as well.
with source as (
    select
        *,
        trim(post_id) as content_id,
        cast(_exported_at as date) as snapshot_date
    from {{ source('raw', 'x__content') }}
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
        'x' as source,
        {{ key_of(['content_id', 'snapshot_date']) }} as record_key,
        'x' as platform,
        content_id,
        -- Answers to others stand between the account's own posts.
        case when post_text like '@%' then 'reply' else 'post' end as content_type,
        {{ clean_text('post_text') }} as title,
        {{ clean_text('post_link') }} as permalink,
        {{ local_to_utc('"date"', var('organic_social_time_zone')) }} as published_at,
        snapshot_date,
        true as is_lifetime,
        {%- for count in counts %}
        {{ clean_count(count) }} as {{ count }},
        {%- endfor %}
        _file_id as source_file_id,
        _row_number as source_row_number
    from numbered
    where export = 1
)

select * from renamed
