{{ config(materialized='view') }}
{%- set rules = credit_rules() %}
{%- set kept %}
conversion_id, conversion_type, customer_id, week, value, touchpoint_id, touched_at, channel, campaign,
    touch_type, is_last
{%- endset %}
-- One row per touch and model: the touch's weight, and the sums it is a share of.
with weighed as (
    select * from {{ ref('rule_weights') }}
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
    from weighed as touches
    cross join {{ ref('custom_credit_rules') }} as custom_rules
)

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
