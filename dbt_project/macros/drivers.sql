{# What of a journey before something is looked at. #}

{#- Number of the seven-day stretch an instant lies in. Two tables that are near each other in time are joined on it, so that
nobody's rows of the one meet all of theirs in the other. -#}
{% macro stretch(instant) -%}
cast(floor({{ microseconds_of(instant) }} / 604800000000.0) as integer)
{%- endmacro %}
