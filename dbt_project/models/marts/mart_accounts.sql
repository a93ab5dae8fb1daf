select
    members.account_id,
    members.account_kind,
    count(*) as customer_count,
    cast(sum(customers.order_count) as bigint) as order_count,
    cast(sum(customers.net_revenue) as decimal(18, 6)) as net_revenue,
    min(customers.first_seen_at) as first_seen_at,
    max(customers.last_seen_at) as last_seen_at
from {{ ref('account_members') }} as members
inner join {{ ref('mart_customers') }} as customers on members.customer_id = customers.customer_id
group by members.account_id, members.account_kind
