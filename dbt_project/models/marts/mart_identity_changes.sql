select
    {{ key_of(['as_of', 'from_customer_id', 'to_customer_id']) }} as identity_change_id,
    as_of as changed_as_of,
    change,
    from_customer_id,
    to_customer_id,
    identifiers as identifier_count,
    cause,
    evidence,
    a_type,
    b_type,
    array_to_string(sources, ', ') as sources,
    effective_at
from {{ source('identity', 'changes') }}
