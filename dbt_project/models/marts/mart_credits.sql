select
    conversion_id,
    {{ id_text('touchpoint_id') }} as touchpoint_id,
    model,
    channel,
    campaign,
    credit,
    value,
    reason
from {{ ref('credits') }}
