select
    conversion_id,
    touchpoint_id,
    model,
    channel,
    campaign,
    credit,
    value,
    reason
from {{ ref('credits') }}
