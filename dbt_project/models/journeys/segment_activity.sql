-- What a customer did in the 28 and the 91 days to the end of a week: one row per customer and week with any of it.
-- Both are whole weeks, so weeks are summed and nothing is counted twice.
with weeks as (
    select * from {{ ref('segment_weeks') }}
),

ages as (
    select cast(unnest(generate_series(0, 12)) as integer) as age
),

levels as (
    select * from {{ ref('segment_levels') }} where level_column = 'main_channel'
),

visits as (
    select visits.customer_number, visits.week_number, levels.level_number, visits.visits
    from {{ ref('visit_weeks') }} as visits
    inner join levels on visits.channel = levels.level_value
),

visits_rolled as (
    select
        visits.customer_number,
        weeks.week_number,
        visits.level_number,
        sum(visits.visits) as visits,
        coalesce(sum(visits.visits) filter (where ages.age < 4), 0) as visits_28
    from visits
    cross join ages
    inner join weeks on visits.week_number + ages.age = weeks.week_number
    group by visits.customer_number, weeks.week_number, visits.level_number
),

visited as (
    select
        customer_number,
        week_number,
        cast(sum(visits_28) as integer) as sessions_28,
        cast(count(*) filter (where visits_28 > 0) as integer) as channels_28,
        max_by(level_number, visits * 1000 - level_number) as main_channel_number
    from visits_rolled
    group by customer_number, week_number
),

acted as (
    select
        active.customer_number,
        weeks.week_number,
        max(active.last_active_at) as last_active_at,
        cast(coalesce(sum(active.active_days) filter (where ages.age < 4), 0) as integer) as active_days_28,
        cast(coalesce(sum(active.product_views) filter (where ages.age < 4), 0) as integer) as product_views_28,
        cast(sum(active.product_views) as integer) as product_views_91,
        cast(sum(active.product_uses) as integer) as product_uses_91,
        cast(sum(active.carts) as integer) as carts_91,
        bool_or(ages.age = 0) as is_active_week,
        bool_or(ages.age = 1) as was_active_week
    from {{ ref('active_weeks') }} as active
    cross join ages
    inner join weeks on active.week_number + ages.age = weeks.week_number
    group by active.customer_number, weeks.week_number
),

joined as (
    select
        coalesce(acted.customer_number, visited.customer_number) as customer_number,
        coalesce(acted.week_number, visited.week_number) as week_number,
        acted.* exclude (customer_number, week_number),
        coalesce(visited.sessions_28, 0) as sessions_28,
        coalesce(visited.channels_28, 0) as channels_28,
        visited.main_channel_number
    from acted
    full join visited on acted.customer_number = visited.customer_number and acted.week_number = visited.week_number
),

scored as (
    select
        customer_number,
        week_number,
        {%- set measures = ['active_days_28', 'sessions_28', 'channels_28', 'product_views_28'] %}
        cast(
            {%- for measure in measures %}
            {{ quintile(measure) }} - 1{{ ' +' if not loop.last }}
            {%- endfor %} as double) * 100 / (4 * {{ measures | length }}) as engagement_score
    from joined
    where active_days_28 > 0
)

select
    joined.*,
    {{ seconds_between('joined.last_active_at', 'weeks.ends_at') }} / 86400 as days_since_last_activity,
    levels.level_value as main_channel,
    scored.engagement_score
from joined
inner join weeks on joined.week_number = weeks.week_number
left join levels on joined.main_channel_number = levels.level_number
left join scored on joined.customer_number = scored.customer_number and joined.week_number = scored.week_number
