{# Public tables carry plain nouns: mart_touchpoints is marts.touchpoints, beside events.touchpoints. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ return((custom_alias_name or node.name).removeprefix('mart_')) }}
{%- endmacro %}
