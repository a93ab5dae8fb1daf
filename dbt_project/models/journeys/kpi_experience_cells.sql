-- The two KPIs of experience, in weighted answers and customers. What a few loud groups say weighs no more than they do, and
-- the squares say how many equal answers that is worth.
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
select
    week,
    'experience_consistency',
    cast(weighted_consistent as double),
    cast(weights as double),
    cast(squared_weights as decimal(38, 4)),
    true
from {{ ref('consistency_cells') }}
where eligible > 0
