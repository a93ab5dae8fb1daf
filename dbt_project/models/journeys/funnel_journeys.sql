with events as (
    select * from {{ ref('funnel_events') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

touches as (
    select * from {{ ref('session_touches') }} where touch_number = 1
),

countries as (
    select customer_id, value as country from {{ ref('customer_attributes') }} where attribute = 'country'
),

summed as (
    select
        funnel,
        customer_number,
        journey_number,
        max(occurred_at) as last_event_at,
        count(*) as events,
        count(*) filter (where is_step_back) as regressions
    from events
    group by funnel, customer_number, journey_number
),

entries as (
    select
        events.funnel,
        events.customer_number,
        events.journey_number,
        events.occurred_at,
        touchpoints.customer_id,
        touchpoints.session_number,
        touchpoints.family,
        touchpoints.device_category,
        parameters.time_zone,
        {{ reporting_week('events.occurred_at', 'parameters.time_zone') }} as entry_week
    from events
    cross join parameters
    inner join {{ ref('customer_touchpoints') }} as touchpoints on events.event_id = touchpoints.touchpoint_id
    where events.is_start
),

told as (
    select
        entries.funnel,
        entries.customer_id,
        entries.customer_number,
        entries.journey_number,
        {{ compact_id("md5(case when entries.funnel = 'journey' then '' else entries.funnel || ':' end
            || entries.customer_id || ':' || entries.journey_number)") }} as journey_id,
        entries.occurred_at as first_event_at,
        summed.last_event_at,
        -- The week in which its silence has lasted so long that it is over.
        {{ reporting_week(seconds_later('summed.last_event_at', 'funnels.idle_seconds'), 'entries.time_zone') }} as silent_week,
        summed.events,
        summed.regressions,
        coalesce(touches.channel, entries.family) as entry_channel,
        coalesce(touches.campaign, 'none') as entry_campaign,
        coalesce(entries.device_category, 'unknown') as entry_device,
        coalesce(countries.country, 'unknown') as market,
        case when entries.journey_number = 1 then 'new' else 'returning' end as customer_type,
        coalesce(customer_weeks.lifecycle, 'prospect') as segment_at_entry
    from entries
    inner join {{ ref('funnels') }} as funnels on entries.funnel = funnels.funnel
    inner join summed
        on entries.funnel = summed.funnel
        and entries.customer_number = summed.customer_number
        and entries.journey_number = summed.journey_number
    left join touches on entries.session_number = touches.session_number
    left join countries on entries.customer_id = countries.customer_id
    left join {{ ref('customer_weeks') }} as customer_weeks
        on entries.customer_id = customer_weeks.customer_id
        and customer_weeks.week = cast(entries.entry_week - interval 7 day as date)
)

select
    *,
    -- What the mix of a week's entrants is compared by.
    entry_channel || ' / ' || entry_device || ' / ' || customer_type as entry_mix
from told
