with entries as (
    select * from {{ ref('stage_entries') }}
),

events as (
    select * from {{ ref('journey_events') }}
),

touches as (
    select * from {{ ref('marketing_touches') }} where touch_number = 1
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

entry_events as (
    select
        events.customer_id,
        events.journey_number,
        max(events.occurred_at) over (partition by events.customer_id, events.journey_number) as last_event_at,
        coalesce(touches.channel, events.family) as entry_channel,
        row_number() over (
            partition by events.customer_id, events.journey_number
            order by events.occurred_at, events.stage_number, events.event_id
        ) as event_number
    from events
    left join touches on events.session_id = touches.session_id
),

pivoted as (
    select
        customer_id,
        journey_number,
        max(entered_at) filter (where stage_number = 1) as awareness_at,
        max(entered_at) filter (where stage_number = 2) as consideration_at,
        max(entered_at) filter (where stage_number = 3) as purchase_at,
        max(entered_at) filter (where stage_number = 4) as experience_at,
        max(entered_at) filter (where stage_number = 5) as advocacy_at,
        max(stage_number) as furthest_stage_number,
        bool_or(is_imputed) as has_imputed_stage
    from entries
    group by customer_id, journey_number
)

select
    md5(pivoted.customer_id || ':' || pivoted.journey_number) as journey_id,
    pivoted.*,
    pivoted.awareness_at as entered_at,
    entry_events.entry_channel,
    entry_events.last_event_at,
    {{ reporting_week('pivoted.awareness_at', 'parameters.time_zone') }} as entry_week,
    case
        when pivoted.advocacy_at is not null then 'complete'
        when {{ seconds_between('entry_events.last_event_at', 'parameters.as_of') }}
            < {{ var('null_after_days') }} * 86400 then 'open'
        else 'dropped'
    end as status
from pivoted
cross join parameters
inner join entry_events
    on pivoted.customer_id = entry_events.customer_id
    and pivoted.journey_number = entry_events.journey_number
    and entry_events.event_number = 1
