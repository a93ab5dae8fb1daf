{#- One word names the folder and the schema: a custom schema is used bare, without the target's prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
