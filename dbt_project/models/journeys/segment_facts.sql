-- What happened to a customer in a week, for the metrics of the segment they were in: one row per customer and week.
-- What may follow an order (money, answers) belongs to the segment at the end of the week, an entry to that before it.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

weeks as (
    select * from {{ ref('segment_weeks') }}
),

orders as (
    select customer_number, week_number, count(*) as orders, sum(value) as revenue
    from {{ ref('segment_orders_told') }}
    group by customer_number, week_number
),

-- Whoever orders within 90 days of the end of the week.
returns as (
    select distinct orders.customer_number, weeks.week_number
    from {{ ref('segment_orders_told') }} as orders
    cross join (select cast(unnest(generate_series(0, 13)) as integer) as age) as ages
    inner join weeks on orders.week_number - ages.age = weeks.week_number
    where orders.occurred_at >= weeks.ends_at
        and {{ seconds_between('weeks.ends_at', 'orders.occurred_at') }} <= 90 * 86400
),

answers as (
    select
        customers.customer_number,
        {{ week_number('answers.week') }} as week_number,
        count(*) filter (where answers.instrument = 'NPS' and answers.is_scored) as nps_answers,
        count(*) filter (where answers.is_promoter) as promoters,
        count(*) filter (where answers.is_detractor) as detractors,
        count(*) filter (where answers.instrument = 'CSAT' and answers.is_scored) as csat_answers,
        count(*) filter (where answers.instrument = 'CSAT' and answers.is_positive) as positives
    from {{ ref('experience_answers') }} as answers
    inner join {{ ref('customer_numbers') }} as customers on answers.customer_id = customers.customer_id
    group by all
),

told as (
    select customer_number, week_number, orders, revenue, 0 as returned, 0 as nps_answers, 0 as promoters, 0 as detractors,
        0 as csat_answers, 0 as positives
    from orders
    union all
    select customer_number, week_number, 0, 0, 1, 0, 0, 0, 0, 0 from returns
    union all
    select customer_number, week_number, 0, 0, 0, nps_answers, promoters, detractors, csat_answers, positives from answers
)

select
    told.customer_number,
    told.week_number,
    sum(told.orders) as orders,
    sum(told.revenue) as revenue,
    max(told.returned) as returned,
    sum(told.nps_answers) as nps_answers,
    sum(told.promoters) as promoters,
    sum(told.detractors) as detractors,
    sum(told.csat_answers) as csat_answers,
    sum(told.positives) as positives
from told
inner join weeks on told.week_number = weeks.week_number
group by told.customer_number, told.week_number
