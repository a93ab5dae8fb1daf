{#-
Person-days of the hazard model: which days are sampled and how old a touch weighs on one.
Add here: what two hazard models share. Channels, roles and coefficients must not be here.
-#}

{#- Half-lives in days: 1, 4, 12 and 24 for channels, 2 and 10 for what any visit signals. -#}
{% macro stock_half_lives() -%}
    {{ return([1, 2, 4, 10, 12, 24]) }}
{%- endmacro %}

{#- What touches of a day still weigh `age` days later. Decimal before any sum: a sum of doubles depends on threads. -#}
{% macro decayed(touches, age, half_life) -%}
    cast({{ touches }} * power(2.0, -({{ age }}) / {{ half_life }}.0) as decimal(28, 9))
{%- endmacro %}

{#- The key a person-day is drawn by. -#}
{% macro day_key(customer_id, day) -%}
    {{ customer_id }} || ':' || cast({{ day }} as varchar)
{%- endmacro %}

{#- True for a share, in millionths, of all keys: the same on every engine and in every run. -#}
{% macro is_sampled(key, per_million) -%}
    {{ return(adapter.dispatch('is_sampled')(key, per_million)) }}
{%- endmacro %}

{% macro duckdb__is_sampled(key, per_million) -%}
    cast(('0x' || substr(md5({{ key }}), 1, 8)) as bigint) % 1000000 < {{ per_million }}
{%- endmacro %}

{#- Every day from one date to the day before another, one row each. -#}
{% macro each_day(first_day, end_day) -%}
    {{ return(adapter.dispatch('each_day')(first_day, end_day)) }}
{%- endmacro %}

{% macro duckdb__each_day(first_day, end_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ end_day }} - interval 1 day, interval 1 day)) as date)
{%- endmacro %}
