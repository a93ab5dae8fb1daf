-- Where journeys that did not move on were last seen, and where next. Deadlines stand among the touches of their customer,
-- so that one pass in order finds both neighbours, and nothing is joined by time.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

entries as (
    select
        moves.*,
        parameters.as_of,
        parameters.time_zone,
        {{ reporting_week('moves.entered_at', 'parameters.time_zone') }} as week,
        {{ seconds_later('moves.entered_at', 'moves.window_seconds') }} as deadline_at
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join parameters
    where moves.funnel = 'journey'
),

unmoved as (
    select
        *,
        {{ days_between('week', reporting_date('as_of', 'time_zone')) }} - 7 as days_since_week
    from entries
    where coalesce({{ seconds_between('entered_at', 'moved_at') }} > window_seconds, true)
),

-- As stage_conversion has it: a cohort is mature when the window has passed since its week, by the calendar of the report,
-- and nobody is still on the way, which the hour that summer time takes may leave over.
open_cohorts as (
    select distinct week, from_stage, to_stage, window_seconds
    from unmoved
    where deadline_at > as_of
),

mature as (
    select unmoved.*
    from unmoved
    left join open_cohorts
        on unmoved.week = open_cohorts.week
        and unmoved.from_stage = open_cohorts.from_stage
        and unmoved.to_stage = open_cohorts.to_stage
        and unmoved.window_seconds = open_cohorts.window_seconds
    where open_cohorts.week is null
        and unmoved.days_since_week * 86400 >= unmoved.window_seconds
),

-- One row a deadline, however many transitions share it.
placed as (
    select customer_id, occurred_at as placed_at, 1 as is_touch, touchpoint_id
    from {{ ref('customer_touchpoints') }}
    where customer_id in (select customer_id from mature)
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
    union all
    select distinct customer_id, deadline_at, 0, cast(null as varchar)
    from mature
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
    select mature.*, seen.last_id, seen.next_id
    from mature
    inner join seen
        on mature.customer_id = seen.customer_id
        and mature.deadline_at = seen.placed_at
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
