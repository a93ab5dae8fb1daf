{%- set one_week = 'source, events_table, week' -%}
with levels as (
    select * from {{ ref('coverage_levels') }}
),

allowances as (
    select * from {{ ref('volume_allowances') }} where compares = 'new_week'
),

-- What a list of people says is dated by whoever is on it: no week of it is usual.
series as (
    select weeks.*
    from {{ ref('coverage_weeks') }} as weeks
    inner join levels on weeks.source = levels.source and weeks.events_table = levels.events_table
    where weeks.record_type = '(all)' and not levels.is_state
),

-- The weeks that coverage calls usual too: the last eight before this one, up to the last that had data.
recent as (
    select
        series.source,
        series.events_table,
        series.week,
        earlier.records,
        median(sqrt(earlier.records)) over one_week as centre
    from series
    inner join series as earlier on series.source = earlier.source and series.events_table = earlier.events_table
    where series.expected_records is not null
        and earlier.week > series.first_week
        and earlier.week <= series.previous_week
        and earlier.week > series.previous_week - interval {{ 7 * var('coverage_baseline_weeks') }} day
    window one_week as (partition by series.source, series.events_table, series.week)
),

-- On the scale of square roots pure chance has the deviation 1/2, however many records there are; what varies more than
-- chance is told by the median of the distances.
spreads as (
    select
        {{ one_week }},
        centre,
        max(records) as busiest,
        greatest(0.5, 1.4826 * median(abs(sqrt(records) - centre))) as spread
    from recent
    group by {{ one_week }}, centre
),

allowed as (
    select
        series.source,
        series.events_table,
        series.week,
        allowances.fall,
        allowances.rise,
        allowances.on_breach,
        row_number() over (
            partition by series.source, series.events_table, series.week
            order by
                allowances.source is null,
                allowances.table_name is null,
                coalesce(allowances.first_week, date '0001-01-01') desc,
                allowances.reason
        ) as place
    from series
    inner join allowances
        on series.source = coalesce(allowances.source, series.source)
        and series.events_table = coalesce(allowances.table_name, series.events_table)
        and series.week >= coalesce(allowances.first_week, series.week)
        and series.week <= coalesce(allowances.last_week, series.week)
),

-- A week that was busy or quiet a year ago, against the weeks before it, may be so again.
seasons as (
    select {{ one_week }}, records / nullif(expected_records, 0) as season from series
)

select
    series.source,
    series.events_table,
    series.week,
    series.records,
    series.expected_records,
    least(power(greatest(spreads.centre - {{ var('volume_sigmas') }} * spreads.spread, 0), 2),
        (1 - allowed.fall) * series.expected_records)
        * least(1, coalesce(seasons.season, 1)) as records_low,
    greatest(power(spreads.centre + {{ var('volume_sigmas') }} * spreads.spread, 2),
        (1 + allowed.rise) * series.expected_records,
        {{ var('volume_busiest_times') }} * spreads.busiest)
        * greatest(1, coalesce(seasons.season, 1)) as records_high,
    allowed.on_breach
from series
inner join spreads on series.source = spreads.source and series.events_table = spreads.events_table
    and series.week = spreads.week
inner join allowed on series.source = allowed.source and series.events_table = allowed.events_table
    and series.week = allowed.week and allowed.place = 1
left join seasons on series.source = seasons.source and series.events_table = seasons.events_table
    and series.week = seasons.week + interval 364 day
