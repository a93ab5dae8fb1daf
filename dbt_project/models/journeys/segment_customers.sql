-- One row per customer, with what does not change from week to week: what is known of them today.
with seen as (
    select customer_number, min(first_seen_at) as first_seen_at
    from {{ source('identity', 'identifiers') }} as identifiers
    inner join {{ ref('customer_numbers') }} as numbers on identifiers.customer_id = numbers.customer_id
    group by customer_number
),

bought as (
    select customer_number, min(occurred_at) as first_order_at from {{ ref('segment_orders_told') }} group by customer_number
),

active as (
    select customer_number, min(week_number) as first_week_number from {{ ref('active_weeks') }} group by customer_number
),

attributes as (
    select
        customer_id,
        max(case when attribute = 'country' then value end) as country,
        max(case when attribute = 'industry' then value end) as industry,
        max(case when attribute = 'plan' then value end) as plan
    from {{ ref('customer_attributes') }}
    group by customer_id
),

{% set scales = attitude_scales() -%}
attitudes as (
    select
        scores.customer_number
        {%- for scale in scales %},
        max(case when scores.scale = '{{ scale }}' then scores.band end) as attitude_{{ scale }},
        max(case when scores.scale = '{{ scale }}' then scores.answered_at end) as attitude_{{ scale }}_at
        {%- endfor %}
    from {{ ref('attitude_scores') }} as scores
    inner join {{ ref('attitude_scales') }} as scales on scores.scale = scales.scale
    where scales.is_published
    group by scores.customer_number
)

select
    numbers.customer_number,
    numbers.customer_id,
    least(seen.first_seen_at, coalesce(bought.first_order_at, seen.first_seen_at)) as first_seen_at,
    active.first_week_number,
    {%- for level in ['country', 'industry', 'plan'] %}
    attributes.{{ level }},
    {{ level }}_levels.level_number as {{ level }}_number,
    {%- endfor %}
    attitudes.* exclude (customer_number)
from {{ ref('customer_numbers') }} as numbers
inner join seen on numbers.customer_number = seen.customer_number
left join bought on numbers.customer_number = bought.customer_number
left join active on numbers.customer_number = active.customer_number
left join attributes on numbers.customer_id = attributes.customer_id
left join attitudes on numbers.customer_number = attitudes.customer_number
{%- for level in ['country', 'industry', 'plan'] %}
left join {{ ref('segment_levels') }} as {{ level }}_levels
    on {{ level }}_levels.level_column = '{{ level }}' and attributes.{{ level }} = {{ level }}_levels.level_value
{%- endfor %}
