-- Do the touchpoints of one customer agree? One row per week. A customer weighs what their answers weigh on average.
with customers as (
    select
        week,
        customer_id,
        count(*) >= 2 as is_eligible,
        -- A quarter of the scale is one point of five.
        max(mean_share) - min(mean_share) <= 0.25 as is_consistent,
        min(mean_share) >= 0.75 as is_good,
        cast(cast(sum(weights) as double) / sum(answers) as decimal(18, 9)) as weight
    from {{ ref('rated_touchpoints') }}
    group by week, customer_id
)

select
    week,
    count(*) as rated,
    count(*) filter (where is_eligible) as eligible,
    count(*) filter (where is_eligible and is_consistent) as consistent,
    count(*) filter (where is_eligible and is_consistent and is_good) as consistently_good,
    coalesce(sum(weight) filter (where is_eligible), 0) as weights,
    coalesce(sum(weight * weight) filter (where is_eligible), 0) as squared_weights,
    coalesce(sum(weight) filter (where is_eligible and is_consistent), 0) as weighted_consistent,
    coalesce(sum(weight) filter (where is_eligible and is_consistent and is_good), 0) as weighted_consistently_good
from customers
group by week
