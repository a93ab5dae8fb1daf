{{ config(materialized='view') }}
-- Orders and won deals that count, of known customers, by the customer's number.
select
    customers.customer_number,
    conversions.conversion_id,
    conversions.occurred_at,
    conversions.week,
    {{ week_number('conversions.week') }} as week_number,
    conversions.value
from {{ ref('customer_conversions') }} as conversions
inner join {{ ref('customer_numbers') }} as customers on conversions.customer_id = customers.customer_id
where conversions.is_counted and conversions.conversion_type in ('order', 'opportunity_won')
