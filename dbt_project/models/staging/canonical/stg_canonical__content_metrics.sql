with source as (
    select * from {{ source('raw', 'canonical__content_metrics') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'content_metric'", 'system', 'channel', 'content_id', 'metric', 'snapshot_date']) }} as record_key,
        channel as platform,
        content_id,
        metric,
        try_cast(snapshot_date as date) as snapshot_date,
        {{ any_instant('published_at') }} as published_at,
        {{ clean_money('value') }} as value,
        coalesce({{ clean_flag('is_lifetime') }}, true) as is_lifetime,
        permalink,
        title,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
