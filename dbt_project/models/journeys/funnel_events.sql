-- Which cycle of its funnel an event belongs to. A new one starts after idle_seconds of silence, and with the first step
-- up to entry_until that comes reentry_seconds after the customer's last step from terminal_from on, or later.
with events as (
    select
        stage_events.*,
        funnels.idle_seconds,
        funnels.reentry_seconds,
        not is_exclusion and stage_number <= funnels.entry_until as may_start,
        not is_exclusion and stage_number >= funnels.terminal_from as is_terminal
    from {{ ref('stage_events') }} as stage_events
    inner join {{ ref('funnels') }} as funnels on stage_events.funnel = funnels.funnel
),

looked_around as (
    select
        *,
        lag(occurred_at) over ordered as previous_at,
        lag(stage_number) over ordered as previous_number,
        lead(stage_number) over ordered as next_number,
        max(case when is_terminal then occurred_at end) over before as last_terminal_at,
        max(case when may_start then occurred_at end) over before as last_start_at
    from events
    window
        ordered as (partition by funnel, customer_id order by occurred_at, stage_number, event_id),
        before as (
            partition by funnel, customer_id
            order by occurred_at, stage_number, event_id
            rows between unbounded preceding and 1 preceding
        )
),

started as (
    select
        *,
        previous_at is null
        or {{ seconds_between('previous_at', 'occurred_at') }} > idle_seconds
        or coalesce(
            may_start
            and {{ seconds_between('last_terminal_at', 'occurred_at') }} >= reentry_seconds
            -- The first of its kind: the one before it had not waited long enough, or came before the terminal step.
            and not coalesce(
                last_start_at > last_terminal_at
                and {{ seconds_between('last_terminal_at', 'last_start_at') }} >= reentry_seconds,
                false
            ),
            false
        ) as is_start
    from looked_around
)

select
    funnel,
    customer_id,
    event_id,
    occurred_at,
    session_id,
    family,
    device_category,
    stage_number,
    stage,
    sub_stage,
    is_exclusion,
    cast(sum(case when is_start then 1 else 0 end) over (
        partition by funnel, customer_id order by occurred_at, stage_number, event_id rows unbounded preceding
    ) as bigint) as journey_number,
    is_start,
    -- Between the first and the last of a run of one step nothing can change.
    is_start
    or previous_number <> stage_number
    or coalesce(next_number <> stage_number, false) as is_turn,
    not is_start
    and stage_number < previous_number
    and {{ seconds_between('previous_at', 'occurred_at') }} > {{ var('grace_seconds') }} as is_step_back
from started
