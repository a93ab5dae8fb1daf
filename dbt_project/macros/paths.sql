{#-
What the models of paths share: the cohorts they are cut by, patterns, and the stage in force. Add a cohort set here and every table
of paths has it; the name is published, the expression is a column of journey_paths. What a path is must not be here.
-#}

{% macro cohort_sets() -%}
    {{ return({
        'all': "'all'", 'outcome': 'outcome', 'customer_type': 'customer_type', 'segment': 'segment_at_entry'
    }) }}
{%- endmacro %}

{#- Whether a text is what a pattern says, in which `*` stands for any text. -#}
{% macro matches_pattern(value, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern')(value, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches_pattern(value, pattern) -%}
    {{ value }} glob {{ pattern }}
{%- endmacro %}

{#- The furthest stage a journey had reached by an instant, what happened in it included; null before the journey. -#}
{% macro stage_in_force(journey, instant) -%}
    case
        {%- for stage in ['advocacy', 'experience', 'purchase', 'consideration', 'awareness'] %}
        when {{ journey }}.{{ stage }}_at <= {{ instant }} then '{{ stage }}'
        {%- endfor %}
    end
{%- endmacro %}
