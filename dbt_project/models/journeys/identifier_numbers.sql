-- Numbers are sorted and joined by at a fraction of what a text costs; they hold for this warehouse only.
select
    identifier_type,
    identifier_value,
    identifier_hash,
    customer_id,
    cast(dense_rank() over (order by identifier_hash) as integer) as identifier_number,
    case when customer_id is not null then cast(dense_rank() over (order by customer_id) as integer) end as customer_number
from {{ source('identity', 'identifiers') }}
