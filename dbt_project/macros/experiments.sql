{#-
Experiments: the parts of a design's lists, and what may be measured of a person who was assigned.
Add here: a fact that a metric counts (one line of `experiment_facts`, one of KINDS in journey_pipeline/experiments).
What a number of them means must not be here.
-#}

{#- Designs write lists in one cell, `control=0.5 offer=0.5`: one row per experiment and entry. -#}
{% macro listed_in_design(column, name, value) -%}
    select
        designs.*,
        split_part(split_part(designs.{{ column }}, ' ', places.place), '=', 1) as {{ name }},
        cast(split_part(split_part(designs.{{ column }}, ' ', places.place), '=', 2) as double) as {{ value }},
        places.place
    from {{ ref('experiment_designs') }} as designs
    cross join (
        {%- for place in range(1, 21) %}
        select {{ place }} as place{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as places
    where split_part(designs.{{ column }}, ' ', places.place) <> ''
{%- endmacro %}

{#- What happened to a customer and may be counted: one row per fact. `kind` is what a metric is called before its days. -#}
{% macro experiment_facts() -%}
    select customer_id, occurred_at, 'orders' as kind, cast(1 as decimal(18, 4)) as amount
    from {{ ref('customer_conversions') }}
    where is_counted and conversion_type in ('order', 'opportunity_won') and customer_id is not null
    union all
    select customer_id, occurred_at, 'revenue', cast(value as decimal(18, 4))
    from {{ ref('customer_conversions') }}
    where is_counted and conversion_type in ('order', 'opportunity_won') and customer_id is not null
    union all
    select customer_id, started_at, 'visits', 1
    from {{ ref('sessions') }}
    where customer_id is not null and not is_machine and not is_internal_test
    union all
    select numbers.customer_id, events.occurred_at, stages.stage, 1
    from {{ ref('funnel_events') }} as events
    inner join {{ ref('customer_numbers') }} as numbers on events.customer_number = numbers.customer_number
    inner join {{ ref('stages') }} as stages
        on events.funnel = stages.funnel and events.stage_number = stages.stage_number
    where events.funnel = 'journey'
{%- endmacro %}
