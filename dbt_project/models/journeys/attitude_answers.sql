-- One row per customer, scale and item, the latest answer; reversed items are turned already.
with answers as (
    select
        customers.customer_number,
        scores.family as scale,
        scores.source || ' ' || scores.question as item,
        scores.answered_at,
        -- Whatever the item's scale, 1 to 5; decimal, so that a sum is the same in whatever order it is made.
        cast(1 + 4 * scores.score_share as decimal(18, 9)) as score,
        row_number() over (
            partition by customers.customer_number, scores.family, scores.source, scores.question
            order by scores.answered_at desc, scores.score_id
        ) as place
    from {{ ref('experience_scores') }} as scores
    inner join {{ ref('identifier_numbers') }} as customers
        on scores.identifier_type = customers.identifier_type
        and scores.identifier_value = customers.identifier_value
    where scores.instrument = 'ATTITUDE' and customers.customer_number is not null and scores.question is not null
)

select customer_number, scale, item, answered_at, score from answers where place = 1
