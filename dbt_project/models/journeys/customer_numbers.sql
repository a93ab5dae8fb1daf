-- Every customer once, seen in whatever table: who answered a survey or opened an account without a visit is one as well.
select
    customer_number,
    min(customer_id) as customer_id
from {{ ref('identifier_numbers') }}
where customer_number is not null
group by customer_number
