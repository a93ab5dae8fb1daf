with answers as (
    select * from {{ ref('experience_answers') }}
)

select
    week,
    stage,
    family,
    instrument,
    count(*) as answers,
    count(*) filter (where is_promoter) as promoters,
    count(*) filter (where instrument = 'NPS' and not is_promoter and not is_detractor) as passives,
    count(*) filter (where is_detractor) as detractors,
    count(*) filter (where is_positive) as positives,
    sum(score) as score_sum
from answers
group by week, stage, family, instrument
