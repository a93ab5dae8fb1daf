with {{ hazard_touch_credits() }},

-- What no sampled day holds: conversions of nobody known, and days of the first week before the fit begins.
outside_the_fit as (
    select conversions.*, models.model
    from {{ ref('attributed_conversions') }} as conversions
    cross join {{ ref('hazard_window') }} as span
    inner join (select distinct conversion_type, model from {{ source('measures', 'hazard_credits') }}) as models
        on conversions.conversion_type = models.conversion_type
    left join {{ ref('hazard_days') }} as days
        on conversions.conversion_type = days.conversion_type and conversions.conversion_id = days.conversion_id
    where days.conversion_id is null
        and conversions.week >= date_trunc('week', span.starts_on)
        and conversions.week < span.ends_before
)

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
    model,
    false,
    channel,
    campaign,
    cast(share_until - share_before as decimal(38, 12)),
    cast(cast(share_until * conversion_value as decimal(28, 6))
        - cast(share_before * conversion_value as decimal(28, 6)) as decimal(38, 6)),
    case when channel = 'baseline' then 'what the model gives to no channel'
        when touchpoint_id is null then 'no touch of the channel within reach of the model' end
from hazard_touch_credits
union all
select
    conversion_id,
    conversion_type,
    null,
    null,
    null,
    model,
    false,
    'unattributed',
    null,
    cast(1 as decimal(38, 12)),
    cast(value as decimal(38, 6)),
    case when customer_id is null then 'no identified customer' else 'before the days that the model is fitted on' end
from outside_the_fit
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
