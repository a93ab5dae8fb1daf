{{ config(materialized='view') }}
-- What a customer had done in the windows before an anchor. Days are joined, never touches.
select
    customers.customer_id,
    customers.days_back,
    {%- for name, signal in prediction_signals().items() %}
    {%- for window in signal.days %}
    coalesce(sum(days.{{ name }}) filter (
        where {{ days_between('days.day', 'customers.anchor_date') }} <= {{ window }}), 0) as {{ name }}_{{ window }},
    {%- endfor %}
    {%- endfor %}
    min({{ days_between('days.day', 'customers.anchor_date') }}) as seen_days_ago
from {{ ref('prediction_customers') }} as customers
inner join {{ ref('prediction_days') }} as days
    on customers.customer_id = days.customer_id
    and days.day < customers.anchor_date
    and days.day >= cast(customers.anchor_date - interval {{ var('prediction_seen_days') }} day as date)
group by customers.customer_id, customers.days_back
