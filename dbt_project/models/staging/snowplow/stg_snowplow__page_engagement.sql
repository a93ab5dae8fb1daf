with hits as (
    select * from {{ ref('stg_snowplow__hits') }}
    where event_name = 'page_ping' and page_view_id is not null
),

-- A ping says that somebody was there in its interval; two in one interval say it once.
engaged as (
    select
        page_view_id,
        count(*) as ping_count,
        count(distinct floor(epoch(occurred_at) / {{ var('snowplow_heartbeat_seconds') }}))
            * {{ var('snowplow_heartbeat_seconds') }} as engaged_seconds,
        min(occurred_at) as first_ping_at,
        max(occurred_at) as last_ping_at
    from hits
    group by page_view_id
)

select * from engaged
