-- Case-control: every day with a conversion, and of the other days at risk a share that a hash decides. The share moves
-- the intercept only, so a million customers fit on as many rows as eighty thousand.
with days as (
    select {{ each_day('starts_on', 'ends_before') }} as day from {{ ref('hazard_window') }}
),

events as (
    select
        conversions.conversion_type,
        conversions.customer_id,
        {{ reporting_date('conversions.occurred_at', 'span.time_zone') }} as day,
        conversions.conversion_id,
        conversions.occurred_at,
        conversions.week,
        conversions.value,
        true as is_event
    from {{ ref('attributed_conversions') }} as conversions
    cross join {{ ref('hazard_window') }} as span
    where conversions.conversion_type in ('{{ var('hazard_conversion_types') | join("', '") }}')
        and conversions.customer_id is not null
        and {{ reporting_date('conversions.occurred_at', 'span.time_zone') }} >= span.starts_on
        and {{ reporting_date('conversions.occurred_at', 'span.time_zone') }} < span.ends_before
),

-- Days soon after a visit tell most of what visits signal: more of them are read, each for less.
active as (
    select customer_id, day
    from (
        select distinct
            touch_days.customer_id,
            {{ each_day('touch_days.day', 'cast(touch_days.day + interval ' ~ var('hazard_active_days') ~ ' day as date)') }} as day
        from {{ ref('hazard_touch_days') }} as touch_days
        where touch_days.touch_type = 'click'
    ) as after_visits
    cross join {{ ref('hazard_window') }} as span
    where day >= span.starts_on and day < span.ends_before
),

at_risk as (
    select sum({{ days_between('greatest(customers.known_from, span.starts_on)', 'span.ends_before') }}) as days
    from {{ ref('hazard_customers') }} as customers
    cross join {{ ref('hazard_window') }} as span
),

-- So many days that more would hardly tell more, and never more than fit in memory. A small market is read whole.
shares as (
    select
        *,
        greatest(others_per_million, least(1000000, ceil(
            1000000 * least({{ var('hazard_active_limit') }}, events * {{ var('hazard_active_per_conversion') }})
            / greatest(active_days, 1)
        ))) as active_per_million
    from (
        select
            types.conversion_type,
            types.events,
            visited.days as active_days,
            least(1000000, ceil(
                1000000 * least({{ var('hazard_other_limit') }}, types.events * {{ var('hazard_other_per_conversion') }})
                / greatest(at_risk.days - visited.days, 1)
            )) as others_per_million
        from (select conversion_type, count(*) as events from events group by conversion_type) as types
        cross join at_risk
        cross join (select count(*) as days from active) as visited
    ) as counted
),

drawn as (
    select customers.customer_id, days.day
    from {{ ref('hazard_customers') }} as customers
    cross join days
    cross join (select max(active_per_million) as per_million from shares) as widest
    where days.day >= customers.known_from
        and {{ is_sampled(day_key('customers.customer_id', 'days.day'), 'widest.per_million') }}
),

other_days as (
    select
        shares.conversion_type,
        drawn.customer_id,
        drawn.day,
        {{ is_sampled(day_key('drawn.customer_id', 'drawn.day'), 'shares.others_per_million') }} as is_population,
        case when active.customer_id is null then 1.0 else shares.others_per_million / shares.active_per_million end as weight
    from drawn
    left join active on drawn.customer_id = active.customer_id and drawn.day = active.day
    cross join shares
    where {{ is_sampled(
            day_key('drawn.customer_id', 'drawn.day'),
            'case when active.customer_id is null then shares.others_per_million else shares.active_per_million end'
        ) }}
),

sampled as (
    select *, true as is_population, 1.0 as weight from events
    union all
    select conversion_type, customer_id, day, null, null, null, null, false, is_population, weight
    from other_days
    where not exists (
        select 1 from events
        where events.customer_id = other_days.customer_id
            and events.day = other_days.day
            and events.conversion_type = other_days.conversion_type
    )
)

select
    row_number() over (
        partition by sampled.conversion_type
        order by {{ resampling_bucket('sampled.customer_id') }} % 20, sampled.customer_id, sampled.day, sampled.conversion_id
    ) - 1 as person_day,
    dense_rank() over (
        partition by sampled.conversion_type
        order by {{ resampling_bucket('sampled.customer_id') }} % 20, sampled.customer_id
    ) - 1 as customer_number,
    sampled.*,
    {{ resampling_bucket('sampled.customer_id') }} % 20 as bucket,
    2.0 * {{ days_between('span.starts_on', 'sampled.day') }}
        / greatest({{ days_between('span.starts_on', 'span.ends_before') }} - 1, 1) - 1 as calendar_position,
    {{ days_between("cast('2024-01-01' as date)", 'sampled.day') }} % 7 as weekday,
    customers.prior_conversions,
    customers.value_tier,
    customers.is_subscribed,
    customers.is_business,
    {{ days_between('greatest(customers.known_from, cast(span.starts_on - interval ' ~ var('hazard_stock_days') ~ ' day as date))', 'span.ends_before') }}
        as known_days,
    exists (
        select 1 from events
        where events.customer_id = sampled.customer_id
            and events.conversion_type = sampled.conversion_type
            and events.day > sampled.day
            and events.day <= cast(sampled.day + interval {{ var('hazard_follow_days') }} day as date)
    ) as converts_soon,
    {{ days_between('sampled.day', 'span.ends_before') }} > {{ var('hazard_follow_days') }} as is_followed
from sampled
inner join {{ ref('hazard_customers') }} as customers on sampled.customer_id = customers.customer_id
cross join {{ ref('hazard_window') }} as span
