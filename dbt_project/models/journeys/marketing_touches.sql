-- Narrow columns only, and numbers for keys: two windows read them.
with hits as (
    select touchpoint_id, customer_id, session_number, occurred_at, channel, campaign, utm_source, utm_medium
    from {{ ref('customer_touchpoints') }}
    where session_number is not null
        and customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

tagged as (
    select
        *,
        lag(utm_source) over visit as previous_source,
        lag(utm_medium) over visit as previous_medium
    from hits
    where utm_source is not null or utm_medium is not null
    window visit as (partition by session_number order by occurred_at, touchpoint_id)
),

changes as (
    select touchpoint_id, customer_id, session_number, occurred_at, channel, campaign
    from tagged
    where previous_source is distinct from utm_source
        or previous_medium is distinct from utm_medium
),

-- The first hits of sessions without any tag.
untagged as (
    select touchpoint_id, customer_id, session_number, occurred_at, channel, campaign
    from (
        select *, row_number() over (partition by session_number order by occurred_at, touchpoint_id) as hit_number
        from hits
        where not exists (select 1 from changes where changes.session_number = hits.session_number)
    ) as hits_in_order
    where hit_number = 1
),

touches as (
    select * from changes
    union all
    select * from untagged
)

select
    touchpoint_id,
    customer_id,
    session_number,
    occurred_at as touched_at,
    coalesce(channel, 'direct') as channel,
    campaign,
    row_number() over (partition by session_number order by occurred_at, touchpoint_id) as touch_number
from touches
