select
    session_id,
    customer_id,
    visitor_hash,
    started_at,
    ended_at,
    touchpoint_count,
    page_view_count,
    channel,
    campaign,
    device_category,
    is_engaged,
    has_order
from {{ ref('sessions') }}
where not is_machine
    and not is_internal_test
