-- One row per customer and scale with at least 60 % of its items answered: their mean, and its band.
with answers as (
    select * from {{ ref('attitude_answers') }}
),

items as (
    select scale, count(distinct item) as items from answers group by scale
),

summed as (
    select
        answers.customer_number,
        answers.scale,
        count(*) as answered,
        items.items,
        avg(answers.score) as score,
        cast(sum(answers.score) as decimal(18, 9)) as score_sum,
        max(answers.answered_at) as answered_at
    from answers
    inner join items on answers.scale = items.scale
    group by answers.customer_number, answers.scale, items.items
)

select
    customer_number,
    scale,
    answered,
    items,
    answered = items as is_complete,
    score,
    score_sum,
    answered_at,
    case when score >= 3.5 then 'high' when score <= 2.5 then 'low' else 'mid' end as band
from summed
where answered >= 0.6 * items
