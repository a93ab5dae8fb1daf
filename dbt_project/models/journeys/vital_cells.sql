with hits as (
    select week, stage, device, metric, value from {{ ref('staged_hits') }} where signal = 'web_vital'
),

thresholds as (
    select * from {{ ref('web_vital_thresholds') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

rated as (
    select
        hits.*,
        case
            when hits.value <= thresholds.good_up_to then 'good'
            when hits.value <= thresholds.poor_above then 'needs_improvement'
            else 'poor'
        end as rating
    from hits
    inner join thresholds on hits.metric = thresholds.metric
),

-- A percentile of the whole is no mean of percentiles, so `all` is computed like any other member.
weekly as (
    select
        week,
        coalesce(stage, 'all') as stage,
        coalesce(device, 'all') as device,
        metric,
        count(*) as measurements,
        {{ exact_quantile('value', 0.75) }} as p75,
        count(*) filter (where rating = 'good') as good,
        count(*) filter (where rating = 'needs_improvement') as needs_improvement,
        count(*) filter (where rating = 'poor') as poor
    from rated
    group by grouping sets (
        (week, metric, stage, device), (week, metric, stage), (week, metric, device), (week, metric)
    )
),

-- The 28 days that end with a week are that week and the three before it.
windows as (
    select
        cast(rated.week + offsets.weeks * interval 7 day as date) as week,
        rated.stage,
        rated.device,
        rated.metric,
        rated.value
    from rated
    cross join (select 0 as weeks union all select 1 union all select 2 union all select 3) as offsets
),

four_weeks as (
    select
        week,
        coalesce(stage, 'all') as stage,
        coalesce(device, 'all') as device,
        metric,
        count(*) as measurements,
        {{ exact_quantile('value', 0.75) }} as p75
    from windows
    group by grouping sets (
        (week, metric, stage, device), (week, metric, stage), (week, metric, device), (week, metric)
    )
)

select
    weekly.*,
    four_weeks.measurements as measurements_28d,
    four_weeks.p75 as p75_28d
from weekly
inner join four_weeks
    on weekly.week = four_weeks.week
    and weekly.stage = four_weeks.stage
    and weekly.device = four_weeks.device
    and weekly.metric = four_weeks.metric
