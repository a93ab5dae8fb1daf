{# The calendar of the report: weeks begin on Monday at local midnight of the reporting time zone. #}

{% macro reporting_date(instant, time_zone) -%}
    {{ return(adapter.dispatch('reporting_date')(instant, time_zone)) }}
{%- endmacro %}

{% macro duckdb__reporting_date(instant, time_zone) -%}
    cast(timezone({{ time_zone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{% macro reporting_week(instant, time_zone) -%}
    cast(date_trunc('week', {{ reporting_date(instant, time_zone) }}) as date)
{%- endmacro %}

{# The UTC instant at which a local day begins. #}
{% macro day_start(day, time_zone) -%}
    {{ return(adapter.dispatch('day_start')(day, time_zone)) }}
{%- endmacro %}

{% macro duckdb__day_start(day, time_zone) -%}
    timezone('UTC', timezone({{ time_zone }}, cast({{ day }} as timestamp)))
{%- endmacro %}

{# A window is a duration in seconds, never a difference of calendar dates. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro days_before(instant, days) -%}
    {{ instant }} - interval {{ days }} day
{%- endmacro %}

{# First eight hex digits of md5 as a number, modulo 100: the jackknife's groups, the same on every engine. #}
{% macro resampling_bucket(key) -%}
    {{ return(adapter.dispatch('resampling_bucket')(key)) }}
{%- endmacro %}

{% macro duckdb__resampling_bucket(key) -%}
    cast(('0x' || substr(md5({{ key }}), 1, 8)) as bigint) % 100
{%- endmacro %}

{# Text values of a group in a total order, joined. #}
{% macro ordered_text(value, separator, order_by) -%}
    {{ return(adapter.dispatch('ordered_text')(value, separator, order_by)) }}
{%- endmacro %}

{% macro duckdb__ordered_text(value, separator, order_by) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}
