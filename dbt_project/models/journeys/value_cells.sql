-- How unequally the year's revenue is spread over those who ordered in it: one row per week, with the sums that the Gini
-- coefficient and the share of the best tenth are made of.
with ranked as (
    select
        orders.week_number,
        orders.revenue_in_year,
        orders.value_decile,
        row_number() over (partition by orders.week_number order by orders.revenue_in_year) as place
    from {{ ref('segment_orders') }} as orders
    where orders.value_decile is not null
)

select
    weeks.week,
    count(*) as customers,
    sum(ranked.revenue_in_year) as revenue,
    sum(ranked.revenue_in_year * ranked.place) as ranked_revenue,
    coalesce(sum(ranked.revenue_in_year) filter (where ranked.value_decile = 1), 0) as top_tenth_revenue,
    count(*) filter (where ranked.value_decile = 1) as top_tenth_customers,
    count(*) filter (where ranked.revenue_in_year < 0) as negative_customers
from ranked
inner join {{ ref('segment_weeks') }} as weeks on ranked.week_number = weeks.week_number
group by weeks.week
