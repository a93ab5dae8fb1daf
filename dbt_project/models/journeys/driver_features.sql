-- Every unit with the level of each driver; null where a driver says nothing of it.
with units as (
    select * from {{ ref('driver_units') }}
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
        max_by(signals.detail, signals.occurred_at)
            filter (where signals.signal = 'visit' and signals.detail is not null) as device
    from units
    inner join {{ ref('driver_signals') }} as signals
        on units.customer_id = signals.customer_id
        and signals.occurred_at >= units.since and signals.occurred_at < units.until
    group by units.unit_id
),

ordered as (
    select
        units.unit_id,
        units.until,
        count(*) as orders,
        max(orders.occurred_at) as last_at,
        max_by(coalesce(orders.discount_amount, 0) > 0, orders.occurred_at) as had_discount
    from units
    inner join {{ ref('customer_conversions') }} as orders
        on units.customer_id = orders.customer_id and orders.occurred_at < units.until
    where orders.is_counted and orders.conversion_type = 'order'
    group by units.unit_id, units.until
),

used as (
    select ordered.unit_id, min({{ seconds_between('ordered.last_at', 'signals.occurred_at') }}) as seconds
    from ordered
    inner join units on ordered.unit_id = units.unit_id
    inner join {{ ref('driver_signals') }} as signals
        on units.customer_id = signals.customer_id and signals.signal = 'use'
        and signals.occurred_at >= ordered.last_at and signals.occurred_at < ordered.until
    group by ordered.unit_id
)

select
    units.outcome,
    units.unit_id,
    units.question,
    units.is_success,
    case when coalesce(ordered.orders, 0) >= case units.outcome when 'purchased' then 1 else 2 end
        then 'yes' else 'no' end as repeat_customer,
    coalesce(units.entry_channel, 'unknown') as entry_channel,
    coalesce(seen.device, 'unknown') as device,
    case when coalesce(seen.contacts, 0) > 1 then '2 or more' else cast(coalesce(seen.contacts, 0) as varchar) end
        as contacts,
    case when seen.longest_wait > 86400 then 'over a day' when seen.longest_wait is not null then 'within a day' end
        as support_closed,
    case when seen.frictions > 0 then 'yes' else 'no' end as friction_seen,
    case when seen.channels > 2 then '3 or more' when seen.channels > 0 then cast(seen.channels as varchar) end as channels,
    case when units.outcome <> 'purchased' and ordered.orders > 0
        then case when ordered.had_discount then 'yes' else 'no' end end as discount,
    case when units.outcome <> 'purchased' and ordered.orders > 0 then
        case when used.seconds <= 7 * 86400 then 'within 7 days' when used.seconds is not null then 'later'
            else 'not yet' end end as first_use_after_order
from units
left join seen on units.unit_id = seen.unit_id
left join ordered on units.unit_id = ordered.unit_id
left join used on units.unit_id = used.unit_id
