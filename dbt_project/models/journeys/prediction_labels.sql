-- What happened after an earlier anchor. A label whose window the run has not seen to its end is null, never "no". So is one
-- of an anchor with fewer days behind it than its window has: who bought before the history began looks like nobody.
with customers as (
    select customer_id, days_back, history_days, anchor_date, anchor_at, time_zone
    from {{ ref('prediction_customers') }}
    where days_back > 0 and is_consented
),

bought as (
    select
        customers.customer_id,
        customers.days_back,
        min({{ days_between('customers.anchor_date', 'orders.day') }}) + 1 as days_to_order
        {%- for horizon in var('prediction_horizons') %},
        sum(orders.value) filter (
            where {{ days_between('customers.anchor_date', 'orders.day') }} < {{ horizon }}) as value_{{ horizon }}
        {%- endfor %}
    from customers
    inner join {{ ref('prediction_orders') }} as orders
        on customers.customer_id = orders.customer_id
        and orders.is_counted
        and orders.is_order
        and orders.day >= customers.anchor_date
    group by customers.customer_id, customers.days_back
),

answered as (
    select
        customers.customer_id,
        customers.days_back,
        min_by(case when answers.is_detractor or answers.instrument <> 'NPS' and answers.score_share <= 0.25 then 1 else 0 end,
            (answers.answered_at, answers.score_id)) as is_low
    from customers
    inner join {{ ref('experience_answers') }} as answers
        on customers.customer_id = answers.customer_id
        and {{ reporting_date('answers.answered_at', 'customers.time_zone') }} >= customers.anchor_date
        and {{ days_between('customers.anchor_date', reporting_date('answers.answered_at', 'customers.time_zone')) }} < 90
    group by customers.customer_id, customers.days_back
)

select
    customers.customer_id,
    customers.days_back,
    {%- for horizon in var('prediction_horizons') %}
    case when {{ label_is_full(horizon) }}
        then case when bought.days_to_order <= {{ horizon }} then 1 else 0 end end as purchase_{{ horizon }},
    case when {{ label_is_full(horizon) }}
        then coalesce(cast(bought.value_{{ horizon }} as double), 0) end as value_{{ horizon }},
    {%- endfor %}
    case when {{ label_is_full(90) }}
        then case when bought.days_to_order <= 90 then 0 else 1 end end as churned_90,
    case when {{ label_is_full(90) }}
        then case when bought.days_to_order <= 90 then bought.days_to_order else 91 end end as days_to_order_90,
    case when {{ label_is_full(90) }} then answered.is_low end as low_score_90,
    case
        when not ({{ label_is_full(30) }}) or went_on.customer_id is null then null
        when went_on.reached_stage > went_on.stage_number then 'next'
        when went_on.reached_stage is null then 'exit'
        else 'stay'
    end as next_stage_30,
    case
        when not ({{ label_is_full(30) }}) or went_on.customer_id is null or went_on.stage_number >= 3 then null
        when went_on.reached_stage >= 3 then 1
        else 0
    end as journey_converts_30
from customers
left join bought on customers.customer_id = bought.customer_id and customers.days_back = bought.days_back
left join answered on customers.customer_id = answered.customer_id and customers.days_back = answered.days_back
left join {{ ref('prediction_next_stages') }} as went_on
    on customers.customer_id = went_on.customer_id and customers.days_back = went_on.days_back
