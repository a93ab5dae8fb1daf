-- What each shared identifier would have joined: every customer at the other end of an edge that was left out.
with left_out as (
    select reason, culprit_type, culprit_hash, a_hash, b_hash, first_seen_at, last_seen_at
    from {{ source('identity', 'exceptions') }}
),

ends as (
    select reason, culprit_type, culprit_hash, a_hash as identifier_hash from left_out
    union
    select reason, culprit_type, culprit_hash, b_hash from left_out
),

touched as (
    select distinct ends.reason, ends.culprit_type, ends.culprit_hash, identifiers.customer_id
    from ends
    inner join {{ source('identity', 'identifiers') }} as identifiers
        on ends.identifier_hash = identifiers.identifier_hash
    where ends.identifier_hash <> ends.culprit_hash
),

reach as (
    select
        touched.reason,
        touched.culprit_hash,
        count(*) as customers_affected,
        sum(customers.net_revenue) as net_revenue_affected
    from touched
    inner join {{ ref('mart_customers') }} as customers on touched.customer_id = customers.customer_id
    group by touched.reason, touched.culprit_hash
),

summed as (
    select
        reason,
        culprit_type,
        culprit_hash,
        count(*) as edges_left_out,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from left_out
    group by reason, culprit_type, culprit_hash
)

select
    summed.reason,
    summed.culprit_type as identifier_type,
    summed.culprit_hash as identifier_hash,
    summed.edges_left_out,
    coalesce(reach.customers_affected, 0) as customers_affected,
    cast(coalesce(reach.net_revenue_affected, 0) as decimal(18, 6)) as net_revenue_affected,
    summed.first_seen_at,
    summed.last_seen_at
from summed
left join reach on summed.reason = reach.reason and summed.culprit_hash = reach.culprit_hash
