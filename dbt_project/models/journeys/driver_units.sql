-- What is looked at: answers of the last year with the 30 days before them, and journeys that had not bought a week after they
-- began with that week. Nothing from after the answer, or after the week, is read.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

window_of as (
    select cast(window_seconds as double) as seconds
    from {{ ref('stages') }}
    where funnel = 'journey' and stage = 'purchase' and not is_exclusion
),

answers as (
    select
        case instrument when 'NPS' then 'recommends' else 'satisfied' end as outcome,
        answers.score_id as unit_id,
        answers.customer_id,
        answers.definition_id as question,
        cast(null as varchar) as entry_channel,
        answers.answered_at - interval 30 day as since,
        answers.answered_at as until,
        answers.is_promoter or answers.is_positive as is_success
    from {{ ref('experience_answers') }} as answers
    cross join parameters
    where answers.instrument in ('NPS', 'CSAT') and answers.is_scored and answers.customer_id is not null
        and answers.answered_at >= parameters.as_of - interval 365 day
),

entered as (
    select answers.*, row_number() over (partition by answers.unit_id order by journeys.entered_at desc) as place,
        journeys.entry_channel as entered_by
    from answers
    left join {{ ref('journeys') }} as journeys
        on answers.customer_id = journeys.customer_id and journeys.entered_at < answers.until
),

begun as (
    select
        'purchased' as outcome,
        {{ id_text('journeys.journey_id') }} as unit_id,
        journeys.customer_id,
        'journey' as question,
        journeys.entry_channel,
        journeys.entered_at as since,
        journeys.entered_at + interval 7 day as until,
        coalesce({{ seconds_between('journeys.entered_at', 'journeys.purchase_at') }} <= window_of.seconds, false)
            as is_success
    from {{ ref('journeys') }} as journeys
    cross join parameters
    cross join window_of
    where {{ seconds_between('journeys.entered_at', 'parameters.as_of') }} >= window_of.seconds
        and journeys.entered_at >= parameters.as_of - interval 365 day
        and (journeys.purchase_at is null or journeys.purchase_at >= journeys.entered_at + interval 7 day)
)

select outcome, unit_id, customer_id, question, entered_by as entry_channel, since, until, is_success
from entered
where place = 1
union all
select outcome, unit_id, customer_id, question, entry_channel, since, until, is_success
from begun
