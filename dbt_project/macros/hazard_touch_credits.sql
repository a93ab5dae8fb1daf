{#-
Credit of the hazard models touch by touch: CTEs for mart_credits, of which the last is `hazard_touch_credits`.
Add here: what the split of a channel's credit reads. How much a channel is credited must not be here: the fit says it
(measures.hazard_credits).

A channel's credit of a conversion is split over its touches by what each adds at the margin to the channel's part of the
log hazard, the sum over half-lives of coefficient * (1 - exp(-stock)): coefficient * 2^(-age / half-life) * exp(-stock).
Touches of a channel that only an experiment credits share alike.
-#}
{% macro hazard_touch_credits() -%}
{%- set half_lives = stock_half_lives() -%}
-- A channel earns in one stage: in push where its exposures are told, of which views alone count, otherwise in pull.
slopes as (
    select
        conversion_type,
        channel,
        max(case when stage = 'push' then 1 else 0 end) = 1 as counts_views,
        {%- for stage in ['push', 'pull'] %}
        {%- for days in half_lives %}
        sum(case when stage = '{{ stage }}' and half_life_days = {{ days }} then coefficient else 0 end)
            as {{ stage }}_{{ days }}{{ ',' if not (loop.last and stage == 'pull') }}
        {%- endfor %}
        {%- endfor %}
    from {{ source('measures', 'hazard_coefficients') }}
    where term = 'stock' and stage in ('push', 'pull')
    group by conversion_type, channel
),

credited as (
    select
        credits.*,
        events.person_day,
        events.customer_id,
        events.day,
        events.occurred_at,
        events.value as conversion_value,
        coalesce(slopes.counts_views, false) as counts_views,
        {%- for days in half_lives %}
        case when slopes.counts_views then slopes.push_{{ days }} else slopes.pull_{{ days }} end as slope_{{ days }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ source('measures', 'hazard_credits') }} as credits
    inner join {{ ref('hazard_days') }} as events
        on credits.conversion_type = events.conversion_type
        and credits.conversion_id = events.conversion_id
        and events.is_event
    left join slopes on credits.conversion_type = slopes.conversion_type and credits.channel = slopes.channel
),

stocked as (
    select
        credited.conversion_type,
        credited.conversion_id,
        credited.model,
        credited.channel,
        {%- for days in half_lives %}
        case when max(credited.slope_{{ days }}) > 0 then sum(stocks.stock_{{ days }}) end as stock_{{ days }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from credited
    inner join {{ ref('hazard_stocks') }} as stocks
        on credited.conversion_type = stocks.conversion_type
        and credited.person_day = stocks.person_day
        and credited.channel = stocks.channel
    where stocks.touch_type = 'view' or not credited.counts_views
    group by credited.conversion_type, credited.conversion_id, credited.model, credited.channel
),

-- Days of touches first: a conversion meets at most as many of them per channel as a stock has days.
weighed_days as (
    select
        credited.conversion_type,
        credited.conversion_id,
        credited.model,
        credited.customer_id,
        credited.occurred_at,
        credited.channel,
        touch_days.touch_type,
        touch_days.day,
        -- Beside the smallest stock: of a hundred touches exp(-stock) alone leaves no decimal place.
        {%- set least = 'least(stocked.stock_' ~ half_lives | join(', stocked.stock_') ~ ')' %}
        {%- set age = days_between('touch_days.day', 'credited.day') %}
        cast(
            {%- for days in half_lives %}
            {{ '+ ' if not loop.first }}coalesce(credited.slope_{{ days }} * exp({{ least }} - stocked.stock_{{ days }})
                * power(2.0, -({{ age }}) / {{ days }}.0), 0)
            {%- endfor %}
            as decimal(38, 18)) as weight
    from credited
    inner join stocked
        on credited.conversion_type = stocked.conversion_type
        and credited.conversion_id = stocked.conversion_id
        and credited.model = stocked.model
        and credited.channel = stocked.channel
    inner join {{ ref('hazard_touch_days') }} as touch_days
        on credited.customer_id = touch_days.customer_id
        and credited.channel = touch_days.channel
        and touch_days.day <= credited.day
        and touch_days.day >= cast(credited.day - interval {{ var('hazard_stock_days') }} day as date)
    where touch_days.touch_type = 'view' or not credited.counts_views
),

dated_touches as (
    select touches.*, {{ reporting_date('touches.touched_at', 'span.time_zone') }} as day
    from {{ ref('marketing_touches') }} as touches
    cross join {{ ref('hazard_window') }} as span
),

weighed_touches as (
    select
        days.*,
        touches.touchpoint_id,
        touches.touched_at,
        touches.campaign,
        sum(days.weight) over channel_path as channel_weight,
        count(*) over channel_path as channel_touches
    from weighed_days as days
    inner join dated_touches as touches
        on days.customer_id = touches.customer_id
        and days.channel = touches.channel
        and days.touch_type = touches.touch_type
        and days.day = touches.day
        and days.occurred_at >= touches.touched_at
    window channel_path as (partition by days.conversion_type, days.conversion_id, days.model, days.channel)
),

parts as (
    select
        credited.conversion_type,
        credited.conversion_id,
        credited.model,
        credited.channel,
        credited.conversion_value,
        touches.touchpoint_id,
        touches.touched_at,
        touches.touch_type,
        touches.campaign,
        cast(credited.credit * case
            when touches.touchpoint_id is null then 1.0
            when touches.channel_weight > 0
                then cast(touches.weight as double) / cast(touches.channel_weight as double)
            else 1.0 / touches.channel_touches
        end as decimal(38, 18)) as part
    from credited
    left join weighed_touches as touches
        on credited.conversion_type = touches.conversion_type
        and credited.conversion_id = touches.conversion_id
        and credited.model = touches.model
        and credited.channel = touches.channel
),

summed_parts as (
    select
        *,
        sum(part) over so_far as running,
        sum(part) over path as total
    from parts
    window
        path as (partition by conversion_type, conversion_id, model),
        so_far as (partition by conversion_type, conversion_id, model
            order by case when touchpoint_id is null then 1 else 0 end, touched_at, touchpoint_id, channel
            rows unbounded preceding)
),

-- As in credits: differences of rounded running shares add up to one, and values to the value.
hazard_touch_credits as (
    select
        *,
        cast(cast(running as double) / cast(total as double) as decimal(18, 12)) as share_until,
        cast(cast(running - part as double) / cast(total as double) as decimal(18, 12)) as share_before
    from summed_parts
)
{%- endmacro %}
