-- What every customer had rated in the 90 days to the end of each week, and how, from 0 to 1: one row per customer, week and
-- touchpoint, a touchpoint being a subject as one question asks for it. Several answers to one are their mean.
select
    weeks.week,
    answers.customer_id,
    answers.family,
    answers.instrument,
    answers.definition_id,
    count(*) as answers,
    sum(answers.score_share) as score_share_sum,
    cast(cast(sum(answers.score_share) as double) / count(*) as decimal(18, 9)) as mean_share,
    count(*) filter (where answers.is_scored) as scored,
    count(*) filter (where answers.is_positive) as positives,
    sum(answers.weight) as weights
from {{ ref('weeks') }} as weeks
inner join {{ ref('weighted_answers') }} as answers
    on answers.answered_at < weeks.ends_at
    and answers.answered_at >= {{ days_before('weeks.ends_at', 90) }}
where answers.customer_id is not null
group by weeks.week, answers.customer_id, answers.family, answers.instrument, answers.definition_id
