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
        customer_id,
        journey_number,
        max(occurred_at) as last_event_at,
        count(*) as events,
        count(*) filter (where is_step_back) as regressions
    from events
    group by funnel, customer_id, journey_number
),

entries as (
    select
        *,
        {{ reporting_week('occurred_at', 'time_zone') }} as entry_week
    from events
    cross join parameters
    where is_start
)

select
    entries.funnel,
    entries.customer_id,
    entries.journey_number,
    case
        when entries.funnel = 'journey' then md5(entries.customer_id || ':' || entries.journey_number)
        else md5(entries.funnel || ':' || entries.customer_id || ':' || entries.journey_number)
    end as journey_id,
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
    and entries.customer_id = summed.customer_id
    and entries.journey_number = summed.journey_number
left join touches on entries.session_id = touches.session_id
left join countries on entries.customer_id = countries.customer_id
left join {{ ref('customer_weeks') }} as customer_weeks
    on entries.customer_id = customer_weeks.customer_id
    and customer_weeks.week = cast(entries.entry_week - interval 7 day as date)
