-- depends_on: {{ ref('customer_attributes') }}
-- What was known of a customer at an anchor, from events before it alone.
with customers as (
    select * from {{ ref('prediction_customers') }}
),

answered as (
    select
        customers.customer_id,
        customers.days_back,
        count(*) as answers,
        max_by(answers.score_share, (answers.answered_at, answers.score_id)) as last_answer
    from customers
    inner join {{ ref('experience_answers') }} as answers
        on customers.customer_id = answers.customer_id and answers.answered_at < customers.anchor_at
    group by customers.customer_id, customers.days_back
),

subscribed as (
    select distinct customers.customer_id, customers.days_back
    from customers
    inner join {{ ref('customer_consents') }} as consents
        on customers.customer_id = consents.customer_id
        and consents.purpose = 'email_marketing'
        and consents.state = 'granted'
        and consents.valid_from < customers.anchor_at
        and (consents.valid_to is null or consents.valid_to >= customers.anchor_at)
)

select
    customers.customer_id,
    customers.bucket,
    customers.days_back,
    customers.anchor_date,
    customers.is_consented,
    {{ days_between('customers.first_day', 'customers.anchor_date') }} as known_days,
    seen.* exclude (customer_id, days_back),
    coalesce(bought.order_days, 0) as order_days,
    coalesce(bought.orders, 0) as orders,
    {%- for window in [90, 180] %}
    coalesce(bought.orders_{{ window }}, 0) as orders_{{ window }},
    coalesce(cast(bought.revenue_{{ window }} as double), 0) as revenue_{{ window }},
    {%- endfor %}
    coalesce(cast(bought.revenue as double), 0) as revenue,
    coalesce(cast(bought.revenue as double) / nullif(bought.orders, 0), 0) as order_value,
    -- Of a day that somebody came back to buy on.
    cast(bought.repeat_revenue as double) / nullif(bought.order_days - 1, 0) as repeat_spend,
    bought.last_order_days_ago,
    bought.first_order_days_ago,
    coalesce(answered.answers, 0) as answers,
    cast(answered.last_answer as double) as last_answer,
    case when subscribed.customer_id is null then 0 else 1 end as is_subscribed,
    journeys.stage_number,
    journeys.journey_number,
    journeys.journey_age_days,
    journeys.journey_silent_days,
    journeys.journey_events
    {%- for attribute in prediction_attributes() %},
    attribute_{{ loop.index }}.value as attribute_{{ attribute }}
    {%- endfor %}
from customers
inner join {{ ref('prediction_activity') }} as seen
    on customers.customer_id = seen.customer_id and customers.days_back = seen.days_back
left join {{ ref('prediction_purchases') }} as bought
    on customers.customer_id = bought.customer_id and customers.days_back = bought.days_back
left join answered on customers.customer_id = answered.customer_id and customers.days_back = answered.days_back
left join subscribed on customers.customer_id = subscribed.customer_id and customers.days_back = subscribed.days_back
left join {{ ref('prediction_journeys') }} as journeys
    on customers.customer_id = journeys.customer_id and customers.days_back = journeys.days_back
{%- for attribute in prediction_attributes() %}
left join {{ ref('customer_attributes') }} as attribute_{{ loop.index }}
    on customers.customer_id = attribute_{{ loop.index }}.customer_id
    and attribute_{{ loop.index }}.attribute = '{{ attribute }}'
    and attribute_{{ loop.index }}.observed_at < customers.anchor_at
{%- endfor %}
