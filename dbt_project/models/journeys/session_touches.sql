-- Narrow columns only: two windows read them.
with hits as (
    select
        touchpoint_id,
        customer_id,
        session_id,
        occurred_at,
        channel,
        campaign,
        utm_source,
        utm_medium,
        family,
        {{ is_denied_at_the_touch() }} as is_denied
    from {{ ref('customer_touchpoints') }}
    where session_id is not null
        and customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
        and not {{ is_view() }}
),

tagged as (
    select
        *,
        lag(utm_source) over visit as previous_source,
        lag(utm_medium) over visit as previous_medium
    from hits
    where utm_source is not null or utm_medium is not null
    window visit as (partition by session_id order by occurred_at, touchpoint_id)
),

changes as (
    select touchpoint_id, customer_id, session_id, occurred_at, channel, campaign, family, is_denied
    from tagged
    where previous_source is distinct from utm_source
        or previous_medium is distinct from utm_medium
),

first_hits as (
    select session_id, min_by(touchpoint_id, (occurred_at, touchpoint_id)) as touchpoint_id
    from hits
    group by session_id
),

untagged as (
    select
        hits.touchpoint_id,
        hits.customer_id,
        hits.session_id,
        hits.occurred_at,
        hits.channel,
        hits.campaign,
        hits.family,
        hits.is_denied
    from hits
    inner join first_hits on hits.touchpoint_id = first_hits.touchpoint_id
    where not exists (select 1 from changes where changes.session_id = hits.session_id)
),

touches as (
    select * from changes
    union all
    select * from untagged
)

select
    touchpoint_id,
    customer_id,
    session_id,
    occurred_at as touched_at,
    coalesce(channel, 'direct') as channel,
    campaign,
    family,
    is_denied,
    row_number() over (partition by session_id order by occurred_at, touchpoint_id) as touch_number
from touches
