-- One row per journey with answers of its customer: how good they were, and how long nothing was done after the last
-- bad one.
with line as (
    select customer_number, entered_at as placed_at, 0 as place, journey_number as started_number,
        cast(null as varchar) as answer_id, false as is_bad, cast(null as varchar) as instrument, false as is_positive
    from {{ ref('journeys') }}
    union all
    -- What the customer did; what was sent to them is no sign of life.
    select customer_number, occurred_at, 1, null, null, false, null, false
    from {{ ref('customer_touchpoints') }}
    where customer_number is not null
        and coalesce(direction, 'inbound') = 'inbound'
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
    union all
    -- Giving the answer is a touch of the same instant, and no sign of life after it.
    select numbers.customer_number, answers.answered_at, 2, null, answers.score_id,
        coalesce({{ is_bad_answer('answers') }}, false), answers.instrument, answers.is_positive
    from {{ ref('experience_answers') }} as answers
    inner join {{ ref('customer_numbers') }} as numbers on answers.customer_id = numbers.customer_id
),

placed as (
    select
        *,
        max(started_number) over (ordered rows between unbounded preceding and current row) as journey_number,
        min(case when place = 1 then placed_at end) over (
            ordered rows between 1 following and unbounded following
        ) as next_touch_at
    from line
    where customer_number in (
        select numbers.customer_number
        from {{ ref('experience_answers') }} as answers
        inner join {{ ref('customer_numbers') }} as numbers on answers.customer_id = numbers.customer_id
    )
    window ordered as (partition by customer_number order by placed_at, place, started_number, answer_id)
),

summed as (
    select
        customer_number,
        journey_number,
        count(*) as answers,
        count(*) filter (where instrument = 'CSAT') as csat_answers,
        count(*) filter (where instrument = 'CSAT' and is_positive) as positives,
        count(*) filter (where is_bad) as bad_answers,
        max(case when is_bad then placed_at end) as last_bad_at
    from placed
    where place = 2 and journey_number is not null
    group by customer_number, journey_number
),

silences as (
    select distinct customer_number, placed_at, min(next_touch_at) over (partition by customer_number, placed_at) as next_touch_at
    from placed
    where place = 2 and is_bad
)

select
    summed.customer_number,
    summed.journey_number,
    summed.answers,
    summed.csat_answers,
    summed.positives,
    summed.bad_answers,
    {{ seconds_between('summed.last_bad_at', 'parameters.as_of') }} as bad_answer_age_seconds,
    {{ seconds_between('summed.last_bad_at', 'silences.next_touch_at') }} as silence_seconds
from summed
cross join {{ source('raw', 'run_parameters') }} as parameters
left join silences
    on summed.customer_number = silences.customer_number and summed.last_bad_at = silences.placed_at
