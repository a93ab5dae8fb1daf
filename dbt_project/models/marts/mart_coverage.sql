with levels as (
    select * from {{ ref('coverage_levels') }}
),

series as (
    select
        weeks.* exclude (expected_records, expected_days),
        case when not levels.is_state then weeks.expected_records end as expected_records,
        case when not levels.is_state then weeks.expected_days end as expected_days
    from {{ ref('coverage_weeks') }} as weeks
    inner join levels on weeks.source = levels.source and weeks.events_table = levels.events_table
),

late as (
    select * from {{ ref('coverage_late') }}
),

exceptions as (
    select * from {{ ref('coverage_exceptions') }}
),

parameters as (
    select *, {{ reporting_week('as_of', 'time_zone') }} as end_week from {{ source('raw', 'run_parameters') }}
),

types as (
    select
        source,
        events_table,
        week,
        count(*) filter (where records > 0) as record_types,
        {{ ordered_text(
            "case when records = 0 and expected_records >= " ~ var('coverage_min_missing') ~ " then record_type end",
            ', ',
            'record_type'
        ) }} as missing_record_types
    from series
    where record_type <> '(all)'
    group by source, events_table, week
),

weekly as (
    select
        series.*,
        levels.* exclude (source, events_table),
        levels.frequency_days is null
            or exists (
                select 1
                from exceptions
                where exceptions.source = series.source
                    and coalesce(exceptions.events_table, series.events_table) = series.events_table
                    and coalesce(exceptions.first_week, series.week) <= series.week
                    and coalesce(exceptions.last_week, series.week) >= series.week
            ) as is_excepted,
        series.next_week is null or series.week = parameters.end_week - interval 7 day as is_open,
        -- Quiet days of an ordinary week are no silence; a level that is promised less than daily counts them already.
        24 * case when series.expected_days is null then levels.unheard_days else levels.silent_days end
            > levels.latency_hours
            + 24 * greatest(0, 8 - floor(coalesce(series.expected_days, 0)) - levels.frequency_days) as is_overdue,
        floor(series.expected_days) - series.days_with_data as missing_days
    from series
    inner join levels using (source, events_table)
    cross join parameters
    where series.record_type = '(all)'
),

-- How many records are missing at least, as far as chance can be ruled out: of ten expected by pure chance none come
-- once in 22,000 weeks. A source that has data every day has no days off; others may have one.
judged as (
    select
        *,
        case
            when records = 0 then expected_records * empty_weeks >= {{ var('coverage_min_missing') }}
            when expected_records >= {{ var('min_n') }} and records < expected_records / 2 then true
            else missing_days >= case when floor(expected_days) = 7 then 1 else 2 end
                and missing_days * expected_records / expected_days >= {{ var('coverage_min_missing') }}
        end as is_missing
    from weekly
)

select
    judged.week,
    judged.source,
    judged.events_table,
    case
        when judged.records > 0 and (judged.is_excepted or not coalesce(judged.is_missing, false)) then 'ok'
        when judged.is_excepted then 'not_expected'
        -- Too young to know what is usual: the declared level alone speaks.
        when judged.is_missing is null and judged.is_open and judged.is_overdue then 'silent'
        when not coalesce(judged.is_missing, false) then 'not_expected'
        when not judged.is_open then 'gap'
        when judged.is_overdue then 'silent'
        else 'late'
    end as status,
    judged.records,
    judged.expected_records,
    judged.records / nullif(judged.expected_records, 0) as records_ratio,
    judged.days_with_data,
    cast(floor(judged.expected_days) as bigint) as expected_days,
    types.record_types,
    types.missing_record_types,
    case when judged.events_table = 'touchpoints' then judged.records else 0 end as touchpoints,
    judged.identified_records as identified_touchpoints,
    case when judged.events_table = 'touchpoints' then judged.identified_records / nullif(judged.records, 0) end
        as identified_share,
    judged.spend_amount,
    case when judged.events_table = 'spend' then judged.expected_spend_amount end as expected_spend_amount,
    parameters.reporting_currency,
    judged.last_seen_at,
    judged.latest_seen_at,
    coalesce(late.late_files, 0) as late_files,
    coalesce(late.late_records, 0) as late_records,
    judged.contracts,
    judged.latency_hours,
    judged.frequency_days,
    case when judged.is_refusing then 'refuse' else 'warn' end as on_gap,
    not judged.is_excepted as is_expected,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from judged
cross join parameters
inner join types using (source, events_table, week)
left join late using (source, events_table, week)
