-- Where journeys that did not move on were last seen, and where next. Deadlines stand among the touches of their customer,
-- so that one pass in order finds both neighbours, and nothing is joined by time.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

entries as (
    select
        moves.*,
        parameters.as_of,
        {{ reporting_week('moves.entered_at', 'parameters.time_zone') }} as week,
        {{ seconds_later('moves.entered_at', 'moves.window_seconds') }} as deadline_at
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join parameters
    where moves.funnel = 'journey'
),

-- Weeks that are mature: everybody who entered has had the whole window.
unmoved as (
    select entries.*
    from entries
    inner join {{ ref('weeks') }} as weeks on entries.week = weeks.week
    where {{ seconds_between('weeks.ends_at', 'entries.as_of') }} >= entries.window_seconds
        and coalesce({{ seconds_between('entries.entered_at', 'entries.moved_at') }} > entries.window_seconds, true)
),

-- One row a deadline, however many transitions share it.
placed as (
    select customer_id, occurred_at as placed_at, 1 as is_touch, touchpoint_id
    from {{ ref('customer_touchpoints') }}
    where customer_id in (select customer_id from unmoved)
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
    union all
    select distinct customer_id, deadline_at, 0, cast(null as varchar)
    from unmoved
),

-- A touch at the very end of the window still belongs to it.
seen as (
    select
        customer_id,
        placed_at,
        is_touch,
        {{ last_known('touchpoint_id') }} over (
            ordered rows between unbounded preceding and current row
        ) as last_id,
        {{ next_known('touchpoint_id') }} over (
            ordered rows between current row and unbounded following
        ) as next_id
    from placed
    window ordered as (partition by customer_id order by placed_at, is_touch desc, touchpoint_id)
),

ends as (
    select unmoved.*, seen.last_id, seen.next_id
    from unmoved
    inner join seen
        on unmoved.customer_id = seen.customer_id
        and unmoved.deadline_at = seen.placed_at
        and seen.is_touch = 0
),

-- Only the touches that are asked for are looked up in full.
asked as (
    select last_id as touchpoint_id from ends
    union
    select next_id from ends
),

told as (
    select
        asked.touchpoint_id,
        touchpoints.family || ':' || touchpoints.interaction_type as touch,
        coalesce(sessions.channel, touchpoints.channel, touchpoints.family) as channel
    from asked
    inner join {{ ref('customer_touchpoints') }} as touchpoints on asked.touchpoint_id = touchpoints.touchpoint_id
    left join {{ ref('marketing_touches') }} as sessions
        on touchpoints.session_id = sessions.session_id and sessions.touch_number = 1
),

described as (
    select
        ends.*,
        coalesce(last_touch.touch, 'none') as last_touch,
        coalesce(last_touch.channel, 'none') as last_channel,
        coalesce(next_touch.touch, 'none') as next_touch,
        coalesce(next_touch.channel, 'none') as next_channel,
        {{ seconds_between('ends.last_event_at', 'ends.as_of') }} >= {{ var('null_after_days') }} * 86400 as is_silent
    from ends
    left join told as last_touch on ends.last_id = last_touch.touchpoint_id
    left join told as next_touch on ends.next_id = next_touch.touchpoint_id
)

select
    week,
    funnel,
    mode,
    from_stage,
    to_stage,
    window_seconds,
    last_touch,
    last_channel,
    next_touch,
    next_channel,
    count(*) as journeys,
    count(*) filter (where moved_at is null and is_silent) as dropped,
    count(*) filter (where moved_at is null and not is_silent) as still_open,
    count(*) filter (where moved_at is not null) as moved_late
from described
group by
    week, funnel, mode, from_stage, to_stage, window_seconds, last_touch, last_channel, next_touch, next_channel
