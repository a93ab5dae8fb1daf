-- Everything that looks like a marketing touch of a customer, and why it may earn nothing. Clicks are the touches of
-- sessions; a view is what was seen and not followed. Robots and our own people have one touch a session.
with touchpoints as (
    select
        touchpoint_id,
        customer_id,
        session_id,
        occurred_at,
        channel,
        campaign,
        family,
        {{ is_view() }} as is_view,
        {{ is_denied_at_the_touch() }} as is_denied,
        case
            when coalesce(is_machine, false) then 'machine'
            when coalesce(is_internal_test, false) then 'internal test'
        end as set_apart_as
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
),

first_hits as (
    select session_id, min_by(touchpoint_id, (occurred_at, touchpoint_id)) as touchpoint_id
    from touchpoints
    where set_apart_as is not null and session_id is not null and not is_view
    group by session_id
),

candidates as (
    select
        touchpoint_id,
        customer_id,
        session_id,
        touched_at,
        channel,
        campaign,
        family,
        is_denied,
        cast(null as varchar) as set_apart_as,
        'click' as touch_type,
        touch_number
    from {{ ref('session_touches') }}
    union all
    select
        touchpoints.touchpoint_id,
        touchpoints.customer_id,
        touchpoints.session_id,
        touchpoints.occurred_at,
        coalesce(touchpoints.channel, 'direct'),
        touchpoints.campaign,
        touchpoints.family,
        touchpoints.is_denied,
        touchpoints.set_apart_as,
        'click',
        null
    from touchpoints
    inner join first_hits
        on touchpoints.touchpoint_id = first_hits.touchpoint_id
    union all
    select
        touchpoint_id,
        customer_id,
        session_id,
        occurred_at,
        -- A mail that was opened brought nobody, so no rule has named its channel.
        coalesce(channel, family),
        campaign,
        family,
        is_denied,
        set_apart_as,
        'view',
        null
    from touchpoints
    where is_view
),

-- What a customer denied anywhere holds for the time it stood.
denied as (
    select distinct candidates.touchpoint_id
    from candidates
    inner join {{ ref('customer_consents') }} as consents
        on candidates.customer_id = consents.customer_id
        and candidates.touched_at >= consents.valid_from
        and (consents.valid_to is null or candidates.touched_at < consents.valid_to)
    where consents.state in ('denied', 'withdrawn') and {{ is_governed('consents.purpose', 'candidates.family') }}
)

select
    candidates.touchpoint_id,
    candidates.customer_id,
    candidates.session_id,
    candidates.touched_at,
    candidates.channel,
    candidates.campaign,
    candidates.touch_type,
    candidates.touch_number,
    case
        when candidates.set_apart_as is not null then candidates.set_apart_as
        when candidates.is_denied or denied.touchpoint_id is not null then 'consent denied'
    end as exclusion
from candidates
left join denied on candidates.touchpoint_id = denied.touchpoint_id
