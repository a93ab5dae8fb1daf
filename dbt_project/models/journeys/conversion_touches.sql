with conversions as (
    select
        conversion_id,
        conversion_type,
        customer_id,
        occurred_at,
        week,
        value,
        row_number() over (partition by customer_id, conversion_type order by occurred_at, conversion_id) - 1
            as earlier_conversions
    from {{ ref('customer_conversions') }}
    where is_counted and customer_id is not null
),

touches as (
    select * from {{ ref('marketing_touches') }}
),

-- A touch belongs to the next conversion of each type its customer has. Touches and conversions stand in one line of
-- time and are counted along it: a join of each with each would be quadratic in a customer's touches.
line as (
    select
        touches.customer_id,
        types.conversion_type,
        touches.touched_at as step_at,
        touches.touchpoint_id as step_id,
        touches.channel,
        touches.campaign,
        0 as is_conversion
    from touches
    inner join (select distinct customer_id, conversion_type from conversions) as types
        on touches.customer_id = types.customer_id
    union all
    select customer_id, conversion_type, occurred_at, conversion_id, null, null, 1
    from conversions
),

counted as (
    select
        *,
        -- At one instant the touch comes first: it may have led to the conversion.
        sum(is_conversion) over (
            partition by customer_id, conversion_type order by step_at, is_conversion, step_id rows unbounded preceding
        ) as earlier_conversions
    from line
)

select
    conversions.conversion_id,
    conversions.conversion_type,
    conversions.customer_id,
    conversions.occurred_at,
    conversions.week,
    conversions.value,
    counted.step_id as touchpoint_id,
    counted.step_at as touched_at,
    counted.channel,
    counted.campaign,
    row_number() over path as position,
    count(*) over (partition by conversions.conversion_id) as touch_count
from counted
inner join conversions
    on counted.customer_id = conversions.customer_id
    and counted.conversion_type = conversions.conversion_type
    and counted.earlier_conversions = conversions.earlier_conversions
where counted.is_conversion = 0
    and counted.step_at >= {{ days_before('conversions.occurred_at', var('click_lookback_days')) }}
window path as (partition by conversions.conversion_id order by counted.step_at, counted.step_id)
