{%- set rules = credit_rules() -%}
-- Differences of rounded running shares, so that shares add up to one and values to the value.
with shares as (
    select
        *,
        coalesce(cast(cast(running as double) / nullif(cast(total as double), 0) as decimal(18, 12)), 0) as share_until,
        coalesce(cast(cast(running - weight as double) / nullif(cast(total as double), 0) as decimal(18, 12)), 0)
            as share_before
    from {{ ref('credit_shares') }}
),

models as (
    {%- for model, rule in rules.items() %}
    select '{{ model }}' as model, {{ rule.is_influence or false }} as is_influence
    union all
    {%- endfor %}
    select model, false from {{ ref('custom_credit_rules') }}
),

without_touches as (
    select *
    from {{ ref('attributed_conversions') }} as conversions
    where not exists (
        select 1 from {{ ref('conversion_touches') }} as touches
        where touches.conversion_id = conversions.conversion_id and touches.conversion_type = conversions.conversion_type
    )
)

select
    conversion_id,
    conversion_type,
    customer_id,
    week,
    touchpoint_id,
    touched_at,
    touch_type,
    model,
    is_influence,
    channel,
    campaign,
    share_until - share_before as credit,
    cast(share_until * value as decimal(28, 6)) - cast(share_before * value as decimal(28, 6)) as value,
    case when touch_type = 'view' and weight = 0 then 'a view, and only clicks count' end as reason
from shares
union all
select
    conversion_id, conversion_type, customer_id, week, null, null, null, model, is_influence, 'unattributed', null,
    cast(1 as decimal(18, 12)), cast(value as decimal(28, 6)), 'no touch that counts in this model'
from shares
where is_last and earned = 0
union all
select
    without_touches.conversion_id,
    without_touches.conversion_type,
    without_touches.customer_id,
    without_touches.week,
    null,
    null,
    null,
    models.model,
    models.is_influence,
    'unattributed',
    null,
    cast(1 as decimal(18, 12)),
    cast(without_touches.value as decimal(28, 6)),
    case when without_touches.customer_id is null then 'no identified customer'
        else 'no touch within the lookback' end
from without_touches
cross join models
