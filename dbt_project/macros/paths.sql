{#-
What the models of paths share: the cohorts they are cut by, maturity, and the stage in force. Add a cohort set here and every table
of paths has it; the name is published, the expression is a column of journey_paths. What a path is must not be here.
-#}

{% macro cohort_sets() -%}
    {{ return({
        'all': "'all'", 'outcome': 'outcome', 'customer_type': 'customer_type', 'segment': 'segment_at_entry'
    }) }}
{%- endmacro %}

{#- A reporting week of a column so old that everybody in it has had the whole window. Dates, not instants: a change of
clocks in between must not keep a week immature for another one. -#}
{% macro week_is_mature(week, window_seconds, as_of, time_zone) -%}
    ({{ days_between(week, reporting_date(as_of, time_zone)) }} - 7) * 86400 >= {{ window_seconds }}
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
