-- What earlier touches still weigh on a sampled day. A day joins at most as many rows per channel as a stock has days,
-- however many touches its customer has.
with person_days as (
    select conversion_type, person_day, customer_id, day, is_event, conversion_id, occurred_at
    from {{ ref('hazard_days') }}
),

touch_days as (
    select * from {{ ref('hazard_touch_days') }}
),

earlier as (
    select
        asked.customer_id,
        asked.day,
        touch_days.channel,
        touch_days.touch_type,
        {%- for half_life in stock_half_lives() %}
        sum({{ decayed('touch_days.touches', days_between('touch_days.day', 'asked.day'), half_life) }}) as stock_{{ half_life }},
        {%- endfor %}
        coalesce(sum(touch_days.touches) filter (where {{ days_between('touch_days.day', 'asked.day') }} <= 7), 0) as last_7_days
    from (select distinct customer_id, day from person_days) as asked
    inner join touch_days
        on asked.customer_id = touch_days.customer_id
        and touch_days.day < asked.day
        and touch_days.day >= cast(asked.day - interval {{ var('hazard_stock_days') }} day as date)
    group by asked.customer_id, asked.day, touch_days.channel, touch_days.touch_type
),

-- On the day of a conversion only what came before it counts. Touches and conversions stand in one line of time.
line as (
    select touches.customer_id, touches.channel, touches.touch_type,
        {{ reporting_date('touches.touched_at', 'span.time_zone') }} as day, touches.touched_at as step_at, 1 as is_touch,
        null as conversion_type, cast(null as bigint) as person_day
    from {{ ref('marketing_touches') }} as touches
    cross join {{ ref('hazard_window') }} as span
    inner join (select distinct customer_id, day from person_days where is_event) as asked
        on touches.customer_id = asked.customer_id
        and {{ reporting_date('touches.touched_at', 'span.time_zone') }} = asked.day
    union all
    select person_days.customer_id, touch_days.channel, touch_days.touch_type, person_days.day, person_days.occurred_at, 0,
        person_days.conversion_type, person_days.person_day
    from person_days
    inner join touch_days on person_days.customer_id = touch_days.customer_id and person_days.day = touch_days.day
    where person_days.is_event
),

counted as (
    select *, sum(is_touch) over (
        partition by customer_id, day, channel, touch_type order by step_at, is_touch desc rows unbounded preceding
    ) as touches
    from line
),

today as (
    select conversion_type, person_day, channel, touch_type, touches from counted where is_touch = 0 and touches > 0
    union all
    select person_days.conversion_type, person_days.person_day, touch_days.channel, touch_days.touch_type, touch_days.touches
    from person_days
    inner join touch_days on person_days.customer_id = touch_days.customer_id and person_days.day = touch_days.day
    where not person_days.is_event
),

-- What comes after a day cannot have led to it; it tells whether the customer went on coming.
later as (
    select
        person_days.conversion_type,
        person_days.person_day,
        touch_days.channel,
        touch_days.touch_type,
        sum(touch_days.touches) as next_days
    from person_days
    inner join touch_days
        on person_days.customer_id = touch_days.customer_id
        and touch_days.day > person_days.day
        and touch_days.day <= cast(person_days.day + interval {{ var('hazard_follow_days') }} day as date)
    where not person_days.is_event
    group by person_days.conversion_type, person_days.person_day, touch_days.channel, touch_days.touch_type
),

parts as (
    select person_days.conversion_type, person_days.person_day, earlier.* exclude (customer_id, day), 0 as today,
        0 as next_days
    from person_days
    inner join earlier on person_days.customer_id = earlier.customer_id and person_days.day = earlier.day
    union all
    select conversion_type, person_day, channel, touch_type,
        {%- for half_life in stock_half_lives() %} touches,{% endfor %} 0, touches, 0
    from today
    union all
    select conversion_type, person_day, channel, touch_type,
        {%- for half_life in stock_half_lives() %} 0,{% endfor %} 0, 0, next_days
    from later
)

select
    conversion_type,
    person_day,
    channel,
    touch_type,
    {%- for half_life in stock_half_lives() %}
    cast(sum(stock_{{ half_life }}) as double) as stock_{{ half_life }},
    {%- endfor %}
    cast(sum(last_7_days) as bigint) as last_7_days,
    cast(sum(today) as bigint) as today,
    cast(sum(next_days) as bigint) as next_days
from parts
group by conversion_type, person_day, channel, touch_type
