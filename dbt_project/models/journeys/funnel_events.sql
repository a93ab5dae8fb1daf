-- Which cycle of its funnel an event belongs to. A new one starts after idle_seconds of silence, and with the first step
-- up to entry_until that comes reentry_seconds after the customer's last step from terminal_from on, or later.
with funnels as (
    select *, cast(row_number() over (order by funnel) as integer) as funnel_number from {{ ref('funnels') }}
),

-- The windows carry numbers for keys and what they need; the rest is joined where few rows are left.
events as (
    select
        funnels.funnel_number,
        stage_events.customer_number,
        stage_events.event_id,
        stage_events.occurred_at,
        stage_events.stage_number,
        stage_events.sub_stage,
        not stage_events.is_exclusion and stage_events.stage_number <= funnels.entry_until as may_start,
        not stage_events.is_exclusion and stage_events.stage_number >= funnels.terminal_from as is_terminal
    from {{ ref('stage_events') }} as stage_events
    inner join funnels on stage_events.funnel = funnels.funnel
    where not stage_events.is_denied
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
        ordered as (partition by funnel_number, customer_number order by occurred_at, stage_number, event_id),
        before as (
            partition by funnel_number, customer_number
            order by occurred_at, stage_number, event_id
            rows between unbounded preceding and 1 preceding
        )
),

started as (
    select
        looked_around.funnel_number,
        customer_number,
        event_id,
        occurred_at,
        stage_number,
        sub_stage,
        previous_at is null
        or {{ seconds_between('previous_at', 'occurred_at') }} > funnels.idle_seconds
        or coalesce(
            may_start
            and {{ seconds_between('last_terminal_at', 'occurred_at') }} >= funnels.reentry_seconds
            -- The first of its kind: the one before it had not waited long enough, or came before the terminal step.
            and not coalesce(
                last_start_at > last_terminal_at
                and {{ seconds_between('last_terminal_at', 'last_start_at') }} >= funnels.reentry_seconds,
                false
            ),
            false
        ) as is_start,
        coalesce(previous_number <> stage_number, false) or coalesce(next_number <> stage_number, false) as is_change,
        stage_number < previous_number
        and {{ seconds_between('previous_at', 'occurred_at') }} > {{ var('grace_seconds') }} as is_back
    from looked_around
    inner join funnels on looked_around.funnel_number = funnels.funnel_number
),

numbered as (
    select
        *,
        cast(sum(case when is_start then 1 else 0 end) over (
            partition by funnel_number, customer_number
            order by occurred_at, stage_number, event_id
            rows unbounded preceding
        ) as bigint) as journey_number
    from started
)

select
    funnels.funnel,
    numbered.customer_number,
    numbered.event_id,
    numbered.occurred_at,
    numbered.stage_number,
    numbered.sub_stage,
    numbered.journey_number,
    numbered.is_start,
    -- Between the first and the last of a run of one step nothing can change.
    numbered.is_start or numbered.is_change as is_turn,
    not numbered.is_start and numbered.is_back as is_step_back
from numbered
inner join funnels on numbered.funnel_number = funnels.funnel_number
