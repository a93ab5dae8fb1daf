-- How customers say they heard of us beside what was tracked, of the same conversions: an answer speaks of the last
-- conversion of each type before it, and of each conversion the first answer counts.
with answers as (
    select reports.report_id, reports.channel, reports.answered_at, identifiers.customer_id
    from {{ ref('self_reports') }} as reports
    inner join {{ source('identity', 'identifiers') }} as identifiers
        on reports.identifier_type = identifiers.identifier_type
        and reports.identifier_value = identifiers.identifier_value
    where reports.is_complete and identifiers.customer_id is not null
),

about as (
    select
        answers.*,
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.week,
        row_number() over (
            partition by answers.report_id, conversions.conversion_type
            order by conversions.occurred_at desc, conversions.conversion_id
        ) as conversion_number
    from answers
    inner join {{ ref('attributed_conversions') }} as conversions
        on answers.customer_id = conversions.customer_id and answers.answered_at >= conversions.occurred_at
    where {{ seconds_between('conversions.occurred_at', 'answers.answered_at') }} <= 86400 * {{ var('self_reported_days') }}
),

answered as (
    select
        *,
        row_number() over (
            partition by conversion_id, conversion_type order by answered_at, report_id
        ) as answer_number
    from about
    where conversion_number = 1
),

counted as (
    select * from answered where answer_number = 1
),

sides as (
    select week, conversion_type, channel, 1 as answers, cast(0 as decimal(18, 12)) as credit
    from counted
    union all
    select counted.week, counted.conversion_type, credits.channel, 0, credits.credit
    from counted
    inner join {{ ref('credits') }} as credits
        on counted.conversion_id = credits.conversion_id
        and counted.conversion_type = credits.conversion_type
        and credits.model = '{{ var("self_reported_model") }}'
)

select
    week,
    conversion_type,
    channel,
    sum(answers) as answers,
    sum(credit) as tracked_credit,
    sum(sum(answers)) over (partition by week, conversion_type) as respondents
from sides
group by week, conversion_type, channel
having sum(answers) > 0 or sum(credit) > 0
