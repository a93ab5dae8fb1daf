-- Where journeys that did not move on were last seen, and where next. A touch has its number among those of its customer,
-- a deadline the number of touches up to it: two joins on numbers, and no join of touches to deadlines by time.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- Weeks that are mature: everybody who entered has had the whole window.
unmoved as (
    select
        moves.funnel,
        moves.mode,
        moves.from_stage,
        moves.to_stage,
        moves.window_seconds,
        moves.customer_id,
        moves.journey_id,
        moves.moved_at,
        moves.last_event_at,
        weeks.week,
        parameters.as_of,
        {{ seconds_later('moves.entered_at', 'moves.window_seconds') }} as deadline_at
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join parameters
    inner join {{ ref('weeks') }} as weeks
        on weeks.week = {{ reporting_week('moves.entered_at', 'parameters.time_zone') }}
    where moves.funnel = 'journey'
        and {{ seconds_between('weeks.ends_at', 'parameters.as_of') }} >= moves.window_seconds
        and coalesce({{ seconds_between('moves.entered_at', 'moves.moved_at') }} > moves.window_seconds, true)
),

touches as (
    select
        customer_id,
        occurred_at,
        touchpoint_id
    from {{ ref('customer_touchpoints') }}
    where customer_id in (select customer_id from unmoved)
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
),

-- A touch at the very end of the window still belongs to it.
placed as (
    select
        customer_id, occurred_at as placed_at, 1 as is_touch, touchpoint_id as id,
        cast(null as varchar) as to_stage, cast(null as varchar) as from_stage
    from touches
    union all
    select customer_id, deadline_at, 0, journey_id, to_stage, from_stage
    from unmoved
),

numbered as (
    select
        *,
        sum(is_touch) over (
            partition by customer_id order by placed_at, is_touch desc, id, from_stage, to_stage rows unbounded preceding
        ) as touch_number
    from placed
),

ends as (
    select
        unmoved.*,
        numbered.touch_number as last_number,
        numbered.touch_number + 1 as next_number
    from unmoved
    inner join numbered
        on unmoved.customer_id = numbered.customer_id
        and unmoved.journey_id = numbered.id
        and unmoved.from_stage = numbered.from_stage
        and unmoved.to_stage = numbered.to_stage
        and numbered.is_touch = 0
),

-- Only the touches that are asked for are looked up in full.
asked as (
    select customer_id, last_number as touch_number from ends
    union
    select customer_id, next_number as touch_number from ends
),

told as (
    select
        asked.customer_id,
        asked.touch_number,
        touchpoints.family || ':' || touchpoints.interaction_type as touch,
        coalesce(sessions.channel, touchpoints.channel, touchpoints.family) as channel
    from asked
    inner join numbered
        on asked.customer_id = numbered.customer_id
        and asked.touch_number = numbered.touch_number
        and numbered.is_touch = 1
    inner join {{ ref('customer_touchpoints') }} as touchpoints on numbered.id = touchpoints.touchpoint_id
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
    left join told as last_touch
        on ends.customer_id = last_touch.customer_id and ends.last_number = last_touch.touch_number
    left join told as next_touch
        on ends.customer_id = next_touch.customer_id and ends.next_number = next_touch.touch_number
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
