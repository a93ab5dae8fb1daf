-- One row per cohort (week of the first thing ever done) and interval of weeks since: who was active in it (recurring),
-- in it and every week before it (rolling), in it or later (unbounded). Intervals that are not over are told as open.
with weeks as (
    select * from {{ ref('segment_weeks') }}
),

latest as (
    select max(week_number) as week_number from weeks
),

active as (
    select
        customer_number,
        week_number,
        min(week_number) over (partition by customer_number) as first_week_number,
        row_number() over (partition by customer_number order by week_number) as place,
        week_number = max(week_number) over (partition by customer_number) as is_last
    from {{ ref('active_weeks') }}
),

counted as (
    select
        first_week_number,
        week_number - first_week_number as interval_number,
        count(*) as recurring,
        count(*) filter (where place = week_number - first_week_number + 1) as rolling,
        count(*) filter (where is_last) as last_seen
    from active
    group by all
),

cohorts as (
    select weeks.week, counted.first_week_number, counted.recurring as customers
    from counted
    inner join weeks on counted.first_week_number = weeks.week_number
    where counted.interval_number = 0
),

intervals as (
    select cast(unnest(generate_series(0, {{ var('segment_history_weeks') }})) as integer) as interval_number
),

filled as (
    select
        cohorts.week as cohort_week,
        intervals.interval_number,
        cohorts.customers,
        coalesce(counted.recurring, 0) as recurring,
        coalesce(counted.rolling, 0) as rolling,
        sum(coalesce(counted.last_seen, 0)) over (
            partition by cohorts.week order by intervals.interval_number desc
            rows between unbounded preceding and current row
        ) as unbounded,
        cohorts.first_week_number + intervals.interval_number <= latest.week_number as is_complete
    from cohorts
    cross join intervals
    cross join latest
    left join counted
        on cohorts.first_week_number = counted.first_week_number
        and intervals.interval_number = counted.interval_number
)

{% for kind in ['recurring', 'rolling', 'unbounded'] -%}
select cohort_week, interval_number, '{{ kind }}' as kind, customers, {{ kind }} as retained, is_complete from filled
{{ 'union all' if not loop.last }}
{% endfor %}
