{#- A network is one line: its staging model and the figures it has. -#}
{%- set figures = {
    'stg_youtube__content': ['views', 'watch_time_hours', 'subscribers', 'impressions', 'impression_click_share'],
    'stg_instagram__content': ['views', 'impressions', 'reach', 'likes', 'shares', 'follows', 'comments', 'saves'],
    'stg_x__content': [
        'impressions', 'likes', 'engagements', 'bookmarks', 'shares', 'new_follows', 'replies', 'reposts',
        'profile_visits', 'detail_expands', 'url_clicks', 'hashtag_clicks', 'permalink_clicks'
    ],
} -%}
with delivered as (
    {{ rows_from('stg_canonical__content_metrics') }}
    {%- for model_name, metrics in figures.items() %}{% for metric in metrics %}
    union all
    {{ rows_from(model_name, metric="'" ~ metric ~ "'", value=metric, where=metric ~ ' is not null') }}
    {%- endfor %}{% endfor %}
),

measured as (
    select
        {{ key_of(['source', 'platform', 'content_id', 'metric', 'snapshot_date', 'is_lifetime']) }}
            as content_metric_id,
        source,
        platform,
        content_id,
        content_type,
        metric,
        snapshot_date,
        published_at,
        value,
        is_lifetime,
        permalink,
        title,
        source_file_id,
        source_row_number
    from delivered
    where {{ day_before_as_of('snapshot_date') }}
)

select * from measured
