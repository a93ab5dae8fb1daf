-- Every answer that counts, with what it weighs and the segments its customer was in. Who has not ordered is no part of the
-- customer base and stands for nobody else: weight 1.
with answers as (
    select
        answers.*,
        numbers.customer_number,
        {{ week_number('answers.week') }} as week_number
    from {{ ref('experience_answers') }} as answers
    left join {{ ref('customer_numbers') }} as numbers on answers.customer_id = numbers.customer_id
    where answers.instrument <> 'OTHER'
),

weighed as (
    select answers.score_id, strata.stratum, strata.weight
    from answers
    inner join {{ ref('response_customers') }} as customers
        on answers.customer_number = customers.customer_number and answers.week = customers.week
    inner join {{ ref('response_groups') }} as cells
        on answers.week = cells.week
        and answers.definition_id = cells.definition_id
        and customers.lifecycle = cells.lifecycle
        and customers.value_third = cells.value_third
        and customers.entry_channel = cells.entry_channel
    inner join {{ ref('response_strata') }} as strata
        on cells.week = strata.week and cells.definition_id = strata.definition_id and cells.stratum = strata.stratum
    where answers.is_scored
)

select
    answers.*,
    weighed.stratum,
    -- The weights of a week's answers to one question sum to their number, whichever groups answered in it.
    cast(coalesce(
        cast(weighed.weight as double) * count(weighed.weight) over question / sum(weighed.weight) over question, 1
    ) as decimal(18, 9)) as weight,
    {{ segments_then('answers', ['lifecycle', 'persona']) }}
left join weighed on answers.score_id = weighed.score_id
window question as (partition by answers.week, answers.definition_id)
