-- Where journeys that did not move on were last seen, and where next. Deadlines stand among the touches of their customer,
-- so that one pass in order finds both neighbours, and nothing is joined by time.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

unmoved as (
    select
        moves.customer_id,
        moves.from_stage,
        moves.to_stage,
        moves.window_seconds,
        {{ reporting_week('moves.entered_at', 'parameters.time_zone') }} as week,
        {{ seconds_later('moves.entered_at', 'moves.window_seconds') }} as deadline_at,
        moves.moved_at is not null as is_late,
        {{ seconds_between('moves.last_event_at', 'parameters.as_of') }}
            >= {{ var('null_after_days') }} * 86400 as is_silent
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join parameters
    where moves.funnel = 'journey'
        and coalesce({{ seconds_between('moves.entered_at', 'moves.moved_at') }} > moves.window_seconds, true)
),

-- As stage_conversion has it: a cohort is mature when the window has passed since its week, by the calendar of the report,
-- and nobody is still on the way, which the hour that summer time takes may leave over.
mature_cohorts as (
    select unmoved.week, unmoved.from_stage, unmoved.to_stage, unmoved.window_seconds
    from unmoved
    cross join parameters
    group by unmoved.week, unmoved.from_stage, unmoved.to_stage, unmoved.window_seconds
    having max(unmoved.deadline_at) <= min(parameters.as_of)
        and ({{ days_between('unmoved.week', reporting_date('min(parameters.as_of)', 'min(parameters.time_zone)')) }} - 7)
        * 86400 >= unmoved.window_seconds
),

mature as (
    select unmoved.*
    from unmoved
    inner join mature_cohorts
        on unmoved.week = mature_cohorts.week
        and unmoved.from_stage = mature_cohorts.from_stage
        and unmoved.to_stage = mature_cohorts.to_stage
        and unmoved.window_seconds = mature_cohorts.window_seconds
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
    left join {{ ref('session_touches') }} as sessions
        on touchpoints.session_id = sessions.session_id and sessions.touch_number = 1
),

described as (
    select
        ends.*,
        coalesce(last_touch.touch, 'none') as last_touch,
        coalesce(last_touch.channel, 'none') as last_channel,
        coalesce(next_touch.touch, 'none') as next_touch,
        coalesce(next_touch.channel, 'none') as next_channel
    from ends
    left join told as last_touch on ends.last_id = last_touch.touchpoint_id
    left join told as next_touch on ends.next_id = next_touch.touchpoint_id
)

select
    described.week,
    funnels.funnel,
    funnels.default_mode as mode,
    described.from_stage,
    described.to_stage,
    described.window_seconds,
    described.last_touch,
    described.last_channel,
    described.next_touch,
    described.next_channel,
    count(*) as journeys,
    count(*) filter (where not described.is_late and described.is_silent) as dropped,
    count(*) filter (where not described.is_late and not described.is_silent) as still_open,
    count(*) filter (where described.is_late) as moved_late
from described
inner join {{ ref('funnels') }} as funnels on funnels.funnel = 'journey'
group by
    described.week, funnels.funnel, funnels.default_mode, described.from_stage, described.to_stage,
    described.window_seconds, described.last_touch, described.last_channel, described.next_touch,
    described.next_channel
