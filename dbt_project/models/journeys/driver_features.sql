-- Every unit with the level of each driver; null where a driver says nothing of it.
with units as (
    select * from {{ ref('driver_units') }}
),

-- Seven-day stretches that a unit looks at: joined on, so that nobody's units meet all of their signals.
stretches as (
    select units.*, {{ stretch('units.since') }} + ages.age as stretch
    from units
    cross join (select cast(unnest(generate_series(0, 5)) as integer) as age) as ages
    where {{ stretch('units.since') }} + ages.age <= {{ stretch('units.until') }}
),

seen as (
    select
        units.unit_id,
        count(*) filter (where signals.signal = 'contact') as contacts,
        max(case when signals.closed_at is not null and signals.closed_at < units.until
            then {{ seconds_between('signals.occurred_at', 'signals.closed_at') }}
            when signals.signal = 'contact' then {{ seconds_between('signals.occurred_at', 'units.until') }} end)
            as longest_wait,
        count(*) filter (where signals.signal = 'friction') as frictions,
        count(distinct case when signals.signal = 'channel' then signals.detail end) as channels,
        max_by(signals.detail, (signals.occurred_at, signals.detail))
            filter (where signals.signal = 'visit' and signals.detail is not null) as device
    from stretches as units
    inner join {{ ref('driver_signals') }} as signals
        on units.customer_id = signals.customer_id
        and units.stretch = {{ stretch('signals.occurred_at') }}
        and signals.occurred_at >= units.since and signals.occurred_at < units.until
    group by units.unit_id
),

-- Units and orders in one line of time; a unit stands before the orders of its own instant.
line as (
    select unit_id, customer_id, until as occurred_at, 0 as is_order from units
    union all
    select null, customer_id, occurred_at, 1 from {{ ref('driver_orders') }}
),

numbered as (
    select
        unit_id,
        customer_id,
        sum(is_order) over (partition by customer_id order by occurred_at, is_order rows unbounded preceding) as orders
    from line
),

ordered as (
    select numbered.unit_id, numbered.orders, orders.had_discount, orders.occurred_at, orders.first_used_at
    from numbered
    inner join {{ ref('driver_orders') }} as orders
        on numbered.customer_id = orders.customer_id and numbered.orders = orders.order_number
    where numbered.unit_id is not null
)

select
    units.outcome,
    units.unit_id,
    units.question,
    units.is_success,
    case when coalesce(ordered.orders, 0) >= case units.outcome when 'purchased' then 1 else 2 end
        then 'yes' else 'no' end as repeat_customer,
    coalesce(units.entry_channel, 'unknown') as entry_channel, coalesce(seen.device, 'unknown') as device,
    case when coalesce(seen.contacts, 0) > 1 then '2 or more' else cast(coalesce(seen.contacts, 0) as varchar) end
        as contacts,
    case when seen.longest_wait > 86400 then 'over a day' when seen.longest_wait is not null then 'within a day' end
        as support_closed,
    case when seen.frictions > 0 then 'yes' else 'no' end as friction_seen,
    case when seen.channels > 2 then '3 or more' when seen.channels > 0 then cast(seen.channels as varchar) end as channels,
    case when units.outcome <> 'purchased' and ordered.orders > 0
        then case when ordered.had_discount then 'yes' else 'no' end end as discount,
    case when units.outcome <> 'purchased' and ordered.orders > 0 then
        case when ordered.first_used_at is null or ordered.first_used_at >= units.until then 'not yet'
            when {{ seconds_between('ordered.occurred_at', 'ordered.first_used_at') }} <= 7 * 86400 then 'within 7 days'
            else 'later' end end as first_use_after_order
from units
left join seen on units.unit_id = seen.unit_id
left join ordered on units.unit_id = ordered.unit_id
