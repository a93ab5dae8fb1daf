{#- Ages and lags in whole hours: an age rounded down, a lag up, so that whoever is counted at an hour has lived through it. -#}

{#- Hours for which a journey that did not move has been watched: its age, and the window once that is over. -#}
{% macro watched_hours(age_seconds, window_seconds) -%}
    cast(case
        when {{ age_seconds }} >= {{ window_seconds }} then ceil({{ window_seconds }} / 3600.0)
        else floor({{ age_seconds }} / 3600.0)
    end as bigint)
{%- endmacro %}

{% macro lag_hours(lag_seconds) -%}
    cast(ceil(greatest({{ lag_seconds }}, 0) / 3600.0) as bigint)
{%- endmacro %}

{#- The last value up to here that is not null, and the first from here on; `over (...)` follows. -#}
{% macro last_known(value) -%}
    {{ return(adapter.dispatch('last_known')(value)) }}
{%- endmacro %}

{% macro duckdb__last_known(value) -%}
    last_value({{ value }} ignore nulls)
{%- endmacro %}

{% macro next_known(value) -%}
    {{ return(adapter.dispatch('next_known')(value)) }}
{%- endmacro %}

{% macro duckdb__next_known(value) -%}
    first_value({{ value }} ignore nulls)
{%- endmacro %}
