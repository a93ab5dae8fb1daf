-- The two KPIs of experience, weighted to the customer base. The squares say how many equal answers the weighted ones are
-- worth.
select
    week,
    'customer_satisfaction' as kpi,
    cast(sum(case when is_positive then weight else 0 end) as double) as numerator,
    cast(sum(weight) as double) as denominator,
    cast(sum(weight * weight) as decimal(38, 4)) as sum_squares,
    true as is_mature
from {{ ref('weighted_answers') }}
where instrument = 'CSAT' and is_scored
group by week
union all
-- In equal voices (Kish), a quarter of them each week: the scorecard adds up four weeks, in each of which the same customers
-- of the last 90 days stand. The interval is then that of the people and not of the repetitions.
select
    week,
    'experience_consistency',
    cast(weighted_consistent as double) * cast(weights as double) / cast(squared_weights as double) / 4,
    cast(weights as double) * cast(weights as double) / cast(squared_weights as double) / 4,
    cast(null as decimal(38, 4)),
    true
from {{ ref('consistency_cells') }}
where eligible > 0
