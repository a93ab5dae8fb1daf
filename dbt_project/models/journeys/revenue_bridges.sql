-- Revenue of the revenue_bridge_weeks to the end of a week, from that of as many before it: what new customers brought,
-- others spent more, spent less, or no longer. One row per week; it closes by how it is made, and to the last digit.
{%- set span = var('revenue_bridge_weeks') %}
with weeks as (
    select * from {{ ref('segment_weeks') }}
),

orders as (
    select customer_number, week_number, sum(value) as revenue
    from {{ ref('segment_orders_told') }}
    group by customer_number, week_number
),

firsts as (
    select customer_number, min(week_number) as first_week_number from orders group by customer_number
),

-- Money is known since the first week of touchpoints or of orders.
known as (
    select least(
        (select min(first_week_number) from firsts), (select min({{ week_number('week') }}) from {{ ref('weeks') }})
    ) as week_number
),

ages as (
    select cast(unnest(generate_series(0, {{ 2 * span - 1 }})) as integer) as age
),

customers as (
    select
        weeks.week,
        weeks.week_number,
        orders.customer_number,
        coalesce(sum(orders.revenue) filter (where ages.age >= {{ span }}), 0) as start_revenue,
        coalesce(sum(orders.revenue) filter (where ages.age < {{ span }}), 0) as end_revenue,
        count(*) filter (where ages.age >= {{ span }}) > 0 as was_customer,
        count(*) filter (where ages.age < {{ span }}) > 0 as is_customer
    from orders
    cross join ages
    inner join weeks on orders.week_number + ages.age = weeks.week_number
    group by weeks.week, weeks.week_number, orders.customer_number
),

parts as (
    select
        customers.*,
        customers.end_revenue - customers.start_revenue as change,
        firsts.first_week_number > customers.week_number - {{ span }} as is_new
    from customers
    inner join firsts on customers.customer_number = firsts.customer_number
)

select
    weeks.week,
    {{ span }} as period_weeks,
    {%- for name, amount, condition in [
        ('start_revenue', 'start_revenue', 'true'),
        ('new_revenue', 'change', 'is_new'),
        ('expansion_revenue', 'change', 'not is_new and is_customer and change > 0'),
        ('contraction_revenue', '0 - change', 'not is_new and is_customer and change < 0'),
        ('churned_revenue', '0 - change', 'not is_new and not is_customer'),
        ('end_revenue', 'end_revenue', 'true'),
        ('reactivated_revenue', 'change', 'not is_new and is_customer and not was_customer'),
    ] %}
    cast(coalesce(sum({{ amount }}) filter (where {{ condition }}), 0) as decimal(38, 6)) as {{ name }},
    {%- endfor %}
    count(*) filter (where parts.was_customer) as start_customers,
    count(*) filter (where parts.is_new) as new_customers,
    count(*) filter (where not parts.is_new and parts.is_customer and not parts.was_customer) as reactivated_customers,
    count(*) filter (where parts.was_customer and not parts.is_customer) as churned_customers,
    count(*) filter (where parts.is_customer) as end_customers,
    weeks.week_number - {{ 2 * span - 1 }} >= known.week_number as is_complete
from weeks
cross join known
left join parts on weeks.week = parts.week
group by weeks.week, weeks.week_number, known.week_number
