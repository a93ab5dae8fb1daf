select
    conversion_id,
    conversion_type,
    touchpoint_id,
    touched_at,
    touch_type,
    model,
    is_influence,
    channel,
    campaign,
    credit,
    value,
    reason
from {{ ref('credits') }}
union all
select
    conversion_id,
    conversion_type,
    touchpoint_id,
    touched_at,
    touch_type,
    null,
    false,
    channel,
    campaign,
    0,
    0,
    reason
from {{ ref('excluded_touches') }}
