select
    identifier_hash,
    identifier_type,
    customer_id,
    first_seen_at,
    last_seen_at,
    is_blocked
from {{ source('identity', 'identifiers') }}
