-- What a customer had done by the end of a week, of the 28 days to it and since when: one row per customer and week, to the
-- thirteenth after they last did anything. Sums change only where something is done; in between they are carried on, with
-- the frame of so many weeks less.
{%- set measures = ['active_days', 'sessions', 'product_views'] %}
with weeks as (
    select * from {{ ref('segment_weeks') }}
),

ages as (
    select {{ unnest_whole_numbers(0, 12) }} as age
),

levels as (
    select level_number, level_value from {{ ref('segment_levels') }} where level_column = 'main_channel'
),

visits as (
    select
        visits.customer_number,
        visits.week_number,
        levels.level_number,
        visits.visits,
        cast(power(2, levels.level_number % 60) as bigint) as channel_mask
    from {{ ref('visit_weeks') }} as visits
    inner join levels on visits.channel = levels.level_value
),

visited as (
    select customer_number, week_number, sum(visits) as sessions, bit_or(channel_mask) as channel_mask
    from visits
    group by customer_number, week_number
),

-- The channel of most visits of thirteen weeks, at each week with one.
near as (
    select visited.customer_number, visited.week_number, visits.level_number, sum(visits.visits) as visits
    from visited
    inner join visits
        on visited.customer_number = visits.customer_number
        and visits.week_number between visited.week_number - 12 and visited.week_number
    group by visited.customer_number, visited.week_number, visits.level_number
),

mains as (
    select customer_number, week_number, max_by(level_number, visits * 1000 - level_number) as level_number
    from near
    group by customer_number, week_number
),

acted as (
    select
        active.*,
        coalesce(visited.sessions, 0) as sessions,
        coalesce(visited.channel_mask, 0) as channel_mask,
        mains.level_number
    from {{ ref('active_weeks') }} as active
    left join visited on active.customer_number = visited.customer_number and active.week_number = visited.week_number
    left join mains on active.customer_number = mains.customer_number and active.week_number = mains.week_number
),

-- Weeks are in order and none is there twice, so that what lies in the last four is in a row or in one of three before it.
placed as (
    select
        *,
        lead(week_number) over line as next_week_number,
        max(case when product_uses > 0 then week_number end) over so_far as use_week_number,
        max(case when product_views > 0 then week_number end) over so_far as view_week_number,
        max(case when carts > 0 then week_number end) over so_far as cart_week_number,
        -- The latest week with a visit and its main channel, in one number.
        max(cast(week_number as bigint) * 100000 + level_number) over so_far as visit_code
        {%- for back in range(1, 4) %}
        {%- for column in ['week_number', 'channel_mask'] + measures %},
        lag({{ column }}, {{ back }}) over line as {{ column }}_{{ back }}
        {%- endfor %}
        {%- endfor %}
    from acted
    window
        line as (partition by customer_number order by week_number),
        so_far as (partition by customer_number order by week_number rows between unbounded preceding and current row)
),

told as (
    select
        placed.customer_number,
        weeks.week_number,
        {{ seconds_between('placed.last_active_at', 'weeks.ends_at') }} / 86400 as days_since_last_activity,
        weeks.week_number = placed.week_number as is_active_week,
        weeks.week_number = placed.week_number + 1
            or (weeks.week_number = placed.week_number and coalesce(placed.week_number_1 = placed.week_number - 1, false))
            as was_active_week,
        weeks.week_number - placed.use_week_number as weeks_since_product_use,
        weeks.week_number - placed.view_week_number as weeks_since_product_view,
        weeks.week_number - placed.cart_week_number as weeks_since_cart,
        case when weeks.week_number - placed.visit_code // 100000 < 13
            then cast(placed.visit_code % 100000 as smallint) end as main_channel_number
        {%- for measure in measures %},
        cast(case when weeks.week_number - placed.week_number < 4 then placed.{{ measure }} else 0 end
            {%- for back in range(1, 4) %}
            + case when weeks.week_number - placed.week_number_{{ back }} < 4 then placed.{{ measure }}_{{ back }} else 0 end
            {%- endfor %} as integer) as {{ measure }}_28
        {%- endfor %},
        cast({{ bits_set('case when weeks.week_number - placed.week_number < 4 then placed.channel_mask else 0 end'
            ~ ' | case when weeks.week_number - placed.week_number_1 < 4 then placed.channel_mask_1 else 0 end'
            ~ ' | case when weeks.week_number - placed.week_number_2 < 4 then placed.channel_mask_2 else 0 end'
            ~ ' | case when weeks.week_number - placed.week_number_3 < 4 then placed.channel_mask_3 else 0 end') }}
            as integer) as channels_28
    from placed
    cross join ages
    inner join weeks on placed.week_number + ages.age = weeks.week_number
    where placed.week_number + ages.age < coalesce(placed.next_week_number, placed.week_number + 13)
),

engaged as (
    select * from told where active_days_28 > 0
),

{% for measure in measures + ['channels'] -%}
{{ measure }}_scores as (
    {{ scores_of('engaged', measure ~ '_28') }}
),

{% endfor -%}
scored as (
    select
        told.*,
        case when told.active_days_28 > 0 then cast(
            {%- for measure in measures + ['channels'] %}
            {{ measure }}_scores.score - 1{{ ' +' if not loop.last }}
            {%- endfor %} as double) * 6.25 end as engagement_score
    from told
    {%- for measure in measures + ['channels'] %}
    left join {{ measure }}_scores
        on told.week_number = {{ measure }}_scores.week_number
        and told.{{ measure }}_28 = {{ measure }}_scores.{{ measure }}_28
    {%- endfor %}
)

select scored.*, levels.level_value as main_channel
from scored
left join levels on scored.main_channel_number = levels.level_number
