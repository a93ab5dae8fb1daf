{%- set rules = credit_rules() -%}
with conversions as (
    select * from {{ ref('attributed_conversions') }}
),

custom_rules as (
    select * from {{ ref('custom_credit_rules') }}
),

touches as (
    select
        *,
        min(case when touch_type = 'click' then seconds_before end) over path as seconds_before_last,
        max(case when touch_type = 'click' and channel <> 'direct' then position end) over path as last_non_direct,
        max(case when is_lead_touch then position end) over path as lead_position,
        lead(touchpoint_id) over in_order is null as is_last
    from {{ ref('conversion_touches') }}
    window
        path as (partition by conversion_id, conversion_type),
        in_order as (partition by conversion_id, conversion_type order by touched_at, touchpoint_id)
),

-- Decimal before any sum: the sum of doubles depends on the number of threads.
weighed as (
    select
        *,
        {%- for model, rule in rules.items() %}
        cast(case when touch_type = 'click' then {{ rule if rule is string else rule.weight }} else {{ rule.view_weight or 0 }} end
            as decimal(38, 18)) as weight_{{ model }}{{ ',' if not loop.last }}
        {%- endfor %}
    from touches
),

-- One pass for all models; only then one row a model.
summed as (
    select
        *,
        {%- for model, rule in rules.items() %}
        {%- set each = '_of_channel' if rule.is_influence else '' %}
        sum(weight_{{ model }}) over so_far{{ each }} as running_{{ model }},
        sum(weight_{{ model }}) over path{{ each }} as total_{{ model }},
        sum(weight_{{ model }}) over path as earned_{{ model }}{{ ',' if not loop.last }}
        {%- endfor %}
    from weighed
    window
        path as (partition by conversion_id, conversion_type),
        so_far as (partition by conversion_id, conversion_type order by touched_at, touchpoint_id
            rows unbounded preceding),
        path_of_channel as (partition by conversion_id, conversion_type, channel),
        so_far_of_channel as (partition by conversion_id, conversion_type, channel order by touched_at, touchpoint_id
            rows unbounded preceding)
),

customised as (
    select
        touches.*,
        custom_rules.model,
        cast(case when touches.touch_type = 'click' then
            {{ ends_and_middle('custom_rules.first_weight', 'custom_rules.middle_weight', 'custom_rules.last_weight') }}
            else 0 end as decimal(38, 18)) as weight
    from touches
    cross join custom_rules
),

{%- set kept %}
conversion_id, conversion_type, customer_id, week, value, touchpoint_id, touched_at, channel, campaign,
        touch_type, is_last
{%- endset %}

shared as (
    {%- for model, rule in rules.items() %}
    select {{ kept }},
        '{{ model }}' as model, {{ rule.is_influence or false }} as is_influence, weight_{{ model }} as weight,
        running_{{ model }} as running, total_{{ model }} as total, earned_{{ model }} as earned
    from summed
    union all
    {%- endfor %}
    select {{ kept }},
        model, false, weight,
        sum(weight) over (partition by conversion_id, conversion_type, model order by touched_at, touchpoint_id
            rows unbounded preceding),
        sum(weight) over (partition by conversion_id, conversion_type, model),
        sum(weight) over (partition by conversion_id, conversion_type, model)
    from customised
),

-- Differences of rounded running shares, so that shares add up to one and values to the value.
shares as (
    select
        *,
        coalesce(cast(cast(running as double) / nullif(cast(total as double), 0) as decimal(18, 12)), 0) as share_until,
        coalesce(cast(cast(running - weight as double) / nullif(cast(total as double), 0) as decimal(18, 12)), 0)
            as share_before
    from shared
),

models as (
    {%- for model, rule in rules.items() %}
    select '{{ model }}' as model, {{ rule.is_influence or false }} as is_influence
    union all
    {%- endfor %}
    select model, false from custom_rules
),

without_touches as (
    select conversions.*
    from conversions
    left join touches
        on conversions.conversion_id = touches.conversion_id
        and conversions.conversion_type = touches.conversion_type
        and touches.is_last
    where touches.conversion_id is null
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
