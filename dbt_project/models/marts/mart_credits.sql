select
    conversion_id,
    conversion_type,
    {{ id_text('touchpoint_id') }} as touchpoint_id,
    touched_at,
    touch_type,
    model,
    is_influence,
    channel,
    campaign,
    cast(credit as decimal(38, 12)) as credit,
    cast(value as decimal(38, 6)) as value,
    reason
from {{ ref('credits') }}
union all
select
    conversion_id,
    conversion_type,
    {{ id_text('touchpoint_id') }},
    touched_at,
    touch_type,
    null,
    false,
    channel,
    campaign,
    cast(0 as decimal(38, 12)),
    cast(0 as decimal(38, 6)),
    reason
from {{ ref('excluded_touches') }}
