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

-- Whoever orders within 90 days of the end of the week. Of several orders it is the first after that end: one row per week.
ordered as (
    select
        customer_number,
        week_number,
        occurred_at,
        lag(occurred_at) over (partition by customer_number order by occurred_at) as previous_at
    from {{ ref('segment_orders_told') }}
),

returns as (
    select ordered.customer_number, weeks.week_number
    from ordered
    cross join (select {{ unnest_whole_numbers(0, 13) }} as age) as ages
    inner join weeks on ordered.week_number - ages.age = weeks.week_number
    where ordered.occurred_at >= weeks.ends_at
        and (ordered.previous_at is null or ordered.previous_at < weeks.ends_at)
        and {{ seconds_between('weeks.ends_at', 'ordered.occurred_at') }} <= 90 * 86400
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

acted as (
    select
        coalesce(returns.customer_number, orders.customer_number) as customer_number,
        coalesce(returns.week_number, orders.week_number) as week_number,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.revenue, 0) as revenue,
        case when returns.customer_number is null then 0 else 1 end as returned
    from returns
    full join orders on returns.customer_number = orders.customer_number and returns.week_number = orders.week_number
)

select
    coalesce(acted.customer_number, answers.customer_number) as customer_number,
    coalesce(acted.week_number, answers.week_number) as week_number,
    coalesce(acted.orders, 0) as orders,
    coalesce(acted.revenue, 0) as revenue,
    coalesce(acted.returned, 0) as returned,
    coalesce(answers.nps_answers, 0) as nps_answers,
    coalesce(answers.promoters, 0) as promoters,
    coalesce(answers.detractors, 0) as detractors,
    coalesce(answers.csat_answers, 0) as csat_answers,
    coalesce(answers.positives, 0) as positives
from acted
full join answers on acted.customer_number = answers.customer_number and acted.week_number = answers.week_number
inner join weeks on coalesce(acted.week_number, answers.week_number) = weeks.week_number
