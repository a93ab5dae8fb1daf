-- Who could have answered and who did: one row per week, question and group of the customers at its end. Answers are those
-- of a quarter, because no week has enough of them in every group; those of a year tell how customers who left had felt.
{%- set sums = ['positives', 'promoters', 'detractors'] %}
with customers as (
    select * from {{ ref('response_customers') }}
),

answers as (
    select answers.*, numbers.customer_number
    from {{ ref('experience_answers') }} as answers
    inner join {{ ref('customer_numbers') }} as numbers on answers.customer_id = numbers.customer_id
    where answers.is_scored
),

population as (
    select week, lifecycle, value_third, entry_channel, count(*) as population
    from customers
    group by week, lifecycle, value_third, entry_channel
),

counted as (
    select
        customers.week,
        answers.instrument,
        answers.definition_id,
        customers.lifecycle,
        customers.value_third,
        customers.entry_channel,
        count(*) filter (where ages.age < {{ var('response_weeks') }}) as answers,
        {%- for name in sums %}
        count(*) filter (where answers.is_{{ name[:-1] }} and ages.age < {{ var('response_weeks') }}) as {{ name }},
        {%- endfor %}
        count(*) as year_answers,
        {%- for name in sums %}
        count(*) filter (where answers.is_{{ name[:-1] }}) as year_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from answers
    cross join (select cast(unnest(generate_series(0, 51)) as integer) as age) as ages
    inner join customers
        on answers.customer_number = customers.customer_number
        and customers.week = cast(answers.week + ages.age * interval 7 day as date)
    group by all
),

asked as (
    select distinct week, instrument, definition_id from counted
)

select
    population.week,
    asked.instrument,
    asked.definition_id,
    population.lifecycle,
    population.value_third,
    population.entry_channel,
    population.population,
    {%- for name in ['answers'] + sums %}
    coalesce(counted.{{ name }}, 0) as {{ name }},
    coalesce(counted.year_{{ name }}, 0) as year_{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from population
inner join asked on population.week = asked.week
left join counted
    on asked.week = counted.week
    and asked.definition_id = counted.definition_id
    and population.lifecycle = counted.lifecycle
    and population.value_third = counted.value_third
    and population.entry_channel = counted.entry_channel
