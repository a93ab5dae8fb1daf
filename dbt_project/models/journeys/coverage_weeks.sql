{%- set one_series = 'source, events_table, record_type' -%}
{%- set all_types = "'(all)'" -%}
with days as (
    select *, cast(date_trunc('week', reporting_date) as date) as week from {{ ref('coverage_days') }}
),

parameters as (
    select {{ reporting_week('as_of', 'time_zone') }} as end_week from {{ source('raw', 'run_parameters') }}
),

-- Each type of record is a series, and all types of a table together are one more.
counted as (
    {%- for record_type in [all_types, 'record_type'] %}
    {{ 'union all' if not loop.first }}
    select
        source,
        events_table,
        {{ record_type }} as record_type,
        week,
        cast(sum(records) as bigint) as records,
        count(distinct reporting_date) as days_with_data,
        cast(sum(identified_records) as bigint) as identified_records,
        cast(sum(spend_amount) as decimal(18, 6)) as spend_amount,
        max(last_seen_at) as last_seen_at
    from days
    group by source, events_table, week{{ ', record_type' if not loop.first }}
    {%- endfor %}
),

begun as (
    select {{ one_series }}, min(week) as first_week from counted group by {{ one_series }}
),

-- Every week since the first data, so that a silence shows as a zero and not as an absence.
calendar as (
    select
        begun.*,
        cast(unnest(generate_series(first_week, end_week - interval 7 day, interval 7 day)) as date) as week
    from begun
    cross join parameters
),

filled as (
    select
        calendar.*,
        coalesce(counted.records, 0) as records,
        coalesce(counted.days_with_data, 0) as days_with_data,
        coalesce(counted.identified_records, 0) as identified_records,
        counted.spend_amount,
        counted.last_seen_at,
        max(counted.week) over (series rows between unbounded preceding and 1 preceding) as previous_week,
        min(counted.week) over (series rows between current row and unbounded following) as next_week
    from calendar
    left join counted using ({{ one_series }}, week)
    window series as (partition by {{ one_series }} order by week)
),

-- What is usual: the weeks up to the last one that had data, so that a silence never becomes the rule. The first week
-- of a source is seldom whole and does not count.
usual as (
    select
        {{ one_series }},
        filled.week,
        median(earlier.records) as expected_records,
        median(earlier.days_with_data) as expected_days,
        median(coalesce(earlier.spend_amount, 0)) as expected_spend_amount
    from filled
    inner join filled as earlier using ({{ one_series }})
    where earlier.week > filled.first_week
        and earlier.week <= filled.previous_week
        and earlier.week > filled.previous_week - interval {{ 7 * var('coverage_baseline_weeks') }} day
    group by {{ one_series }}, filled.week
    having count(*) >= {{ var('coverage_baseline_weeks') // 2 }}
)

select
    filled.*,
    usual.expected_records,
    usual.expected_days,
    cast(usual.expected_spend_amount as decimal(18, 6)) as expected_spend_amount,
    case
        when filled.records = 0
            then cast({{ days_between('filled.previous_week', 'coalesce(filled.next_week, parameters.end_week)') }} / 7
                - 1 as bigint)
        else 0
    end as empty_weeks
from filled
cross join parameters
left join usual using ({{ one_series }}, week)
