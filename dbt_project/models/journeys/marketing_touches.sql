with touchpoints as (
    select *
    from {{ ref('customer_touchpoints') }}
    where session_id is not null
        and customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

tagged as (
    select
        *,
        lag(utm_source) over hits as previous_source,
        lag(utm_medium) over hits as previous_medium
    from touchpoints
    where utm_source is not null or utm_medium is not null
    window hits as (partition by session_id order by occurred_at, touchpoint_id)
),

changes as (
    select * exclude (previous_source, previous_medium)
    from tagged
    where previous_source is distinct from utm_source
        or previous_medium is distinct from utm_medium
),

untagged as (
    select
        *,
        row_number() over (partition by session_id order by occurred_at, touchpoint_id) as hit_number
    from touchpoints
    where session_id not in (select session_id from changes)
),

touches as (
    select * from changes
    union all by name
    select * exclude (hit_number) from untagged where hit_number = 1
)

select
    touchpoint_id,
    customer_id,
    session_id,
    occurred_at as touched_at,
    coalesce(channel, 'direct') as channel,
    campaign,
    row_number() over (partition by session_id order by occurred_at, touchpoint_id) as touch_number
from touches
