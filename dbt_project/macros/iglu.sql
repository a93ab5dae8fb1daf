{#- Snowplow's self-describing JSON: vendor, name and version in a schema word, whose version only grows. -#}

{#- The first entity of one name in a list of {schema, data}, as JSON text, in whatever version. -#}
{% macro iglu_entity(entities, name) %}{{ return(adapter.dispatch('iglu_entity')(entities, name)) }}{% endmacro %}
{% macro duckdb__iglu_entity(entities, name) -%}
list_filter({{ entities }}, lambda e: regexp_matches(e.schema, '^iglu:[^/]+/{{ name }}/'))[1].data
{%- endmacro %}

{#- The first entity that says a key, whatever its name. -#}
{% macro iglu_entity_saying(entities, key) %}{{ return(adapter.dispatch('iglu_entity_saying')(entities, key)) }}{% endmacro %}
{% macro duckdb__iglu_entity_saying(entities, key) -%}
list_filter({{ entities }}, lambda e: contains(e.data, '"{{ key }}"'))[1].data
{%- endmacro %}
