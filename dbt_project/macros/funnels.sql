{#-
Funnels: the steps of a funnel as numbered columns, so that one pass serves every funnel whatever its length.
A column is `<name>_1`, `<name>_2`, ... up to the variable max_steps; one that a funnel does not use is null.
-#}

{% macro step_numbers() -%}
    {{ return(range(1, var('max_steps') + 1) | list) }}
{%- endmacro %}

{#- The numbered column that `number` names. -#}
{% macro of_step(prefix, number) -%}
case {{ number }}
        {%- for k in step_numbers() %} when {{ k }} then {{ prefix }}_{{ k }}{% endfor %} end
{%- endmacro %}

{#- The earliest or latest of the numbered columns from one step to another, nulls left out; null when there is none. -#}
{% macro earliest_step(prefix, first, last) -%}
    {%- set columns = [] -%}
    {%- for k in range(first, last + 1) %}{% do columns.append(prefix ~ '_' ~ k) %}{% endfor -%}
    {{ 'null' if not columns else columns[0] if columns | length == 1 else 'least(' ~ columns | join(', ') ~ ')' }}
{%- endmacro %}

{% macro latest_step(prefix, first, last) -%}
    {{ earliest_step(prefix, first, last) | replace('least(', 'greatest(') }}
{%- endmacro %}

{% macro seconds_later(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_later')(instant, seconds)) }}
{%- endmacro %}

{% macro duckdb__seconds_later(instant, seconds) -%}
    ({{ instant }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro full_match(text, pattern) -%}
    {{ return(adapter.dispatch('full_match')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__full_match(text, pattern) -%}
    regexp_full_match({{ text }}, {{ pattern }})
{%- endmacro %}

{#- The value below which this share of the values lies, interpolated. -#}
{% macro exact_quantile(value, share) -%}
    {{ return(adapter.dispatch('exact_quantile')(value, share)) }}
{%- endmacro %}

{% macro duckdb__exact_quantile(value, share) -%}
    quantile_cont({{ value }}, {{ share }})
{%- endmacro %}
