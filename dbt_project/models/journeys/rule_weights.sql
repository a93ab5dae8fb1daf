{{ config(materialized='view') }}
{%- set rules = credit_rules() %}
-- What each rule weighs each touch that may earn.
with touches as (
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
)

-- Decimal before any sum: the sum of doubles depends on the number of threads.
select
    *,
    {%- for model, rule in rules.items() %}
    cast(case when touch_type = 'click' then {{ rule if rule is string else rule.weight }} else {{ rule.view_weight or 0 }} end
        as decimal(38, 18)) as weight_{{ model }}{{ ',' if not loop.last }}
    {%- endfor %}
from touches
