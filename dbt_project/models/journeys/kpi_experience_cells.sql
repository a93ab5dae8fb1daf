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
-- In equal voices (Kish), so that the interval is that of so many people.
select
    week,
    'experience_consistency',
    cast(weighted_consistent as double) * cast(weights as double) / cast(squared_weights as double),
    cast(weights as double) * cast(weights as double) / cast(squared_weights as double),
    cast(null as decimal(38, 4)),
    true
from {{ ref('consistency_cells') }}
where eligible > 0
