with events as (
    select * from {{ ref('stage_events') }}
),

looked_back as (
    select
        *,
        lag(occurred_at) over ordered as previous_at,
        max(case when stage_number >= 3 then occurred_at end) over (
            partition by customer_id
            order by occurred_at, stage_number, event_id
            rows between unbounded preceding and 1 preceding
        ) as last_purchase_at
    from events
    window ordered as (partition by customer_id order by occurred_at, stage_number, event_id)
),

flagged as (
    select
        *,
        coalesce(
            stage_number <= 2 and {{ seconds_between('last_purchase_at', 'occurred_at') }}
                >= {{ var('reentry_after_purchase_days') }} * 86400,
            false
        ) as is_return
    from looked_back
),

first_returns as (
    select
        *,
        row_number() over (
            partition by customer_id, last_purchase_at, is_return order by occurred_at, stage_number, event_id
        ) as return_number
    from flagged
)

select
    customer_id,
    event_id,
    occurred_at,
    session_id,
    family,
    stage_number,
    stage,
    1 + sum(
        case
            when {{ seconds_between('previous_at', 'occurred_at') }} > {{ var('journey_gap_days') }} * 86400 then 1
            when is_return and return_number = 1 then 1
            else 0
        end
    ) over (
        partition by customer_id order by occurred_at, stage_number, event_id rows unbounded preceding
    ) as journey_number
from first_returns
