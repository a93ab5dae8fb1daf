{#-
Reading JSON text. Each document is parsed once per row into a typed value; fields are then plain column accesses.
Add a reading that two vendors share; what one vendor means by its fields belongs in its staging model.
-#}

{#- A JSON object as a struct of texts; `fields` is a nested dict of names, as {'web_info': {'hostname': 'VARCHAR'}}. -#}
{% macro json_fields(column, fields) %}{{ return(adapter.dispatch('json_fields')(column, fields)) }}{% endmacro %}
{% macro duckdb__json_fields(column, fields) -%}
from_json({{ column }}, '{{ tojson(fields) }}')
{%- endmacro %}

{#- A JSON array of objects as a list of structs of texts. -#}
{% macro json_list(column, fields) %}{{ return(adapter.dispatch('json_list')(column, fields)) }}{% endmacro %}
{% macro duckdb__json_list(column, fields) -%}
from_json({{ column }}, '{{ tojson([fields]) }}')
{%- endmacro %}

{#-
GA4's list of {key, value{string, int, float, double}}. Parallel lists of names and texts, not a map: a map refuses the
repeated key that real exports hold. BigQuery writes INT64 as text and Parquet as numbers; both arrive here as text.
-#}
{% macro json_params(column) %}{{ return(adapter.dispatch('json_params')(column)) }}{% endmacro %}
{% macro duckdb__json_params(column) -%}
    {%- set value = dict(string_value='VARCHAR', int_value='VARCHAR', float_value='DOUBLE', double_value='DOUBLE') -%}
    {{ json_list(column, dict(key='VARCHAR', value=value)) }}
{%- endmacro %}

{% macro json_param_names(params) %}{{ return(adapter.dispatch('json_param_names')(params)) }}{% endmacro %}
{% macro duckdb__json_param_names(params) -%}
list_transform({{ params }}, lambda p: p.key)
{%- endmacro %}

{% macro json_param_texts(params) %}{{ return(adapter.dispatch('json_param_texts')(params)) }}{% endmacro %}
{% macro duckdb__json_param_texts(params) -%}
list_transform({{ params }}, lambda p: coalesce(
            p.value.string_value, p.value.int_value, cast(coalesce(p.value.float_value, p.value.double_value) as varchar)
        ))
{%- endmacro %}

{#- The first value of one parameter; null when it is absent or empty. -#}
{% macro json_param(name, names='param_names', texts='param_texts') %}{{ return(adapter.dispatch('json_param')(name, names, texts)) }}{% endmacro %}
{% macro duckdb__json_param(name, names, texts) -%}
nullif({{ texts }}[list_position({{ names }}, '{{ name }}')], '')
{%- endmacro %}

{#- The value of one name in a list of {name, value}; null when it is absent. -#}
{% macro named_value(items, name) %}{{ return(adapter.dispatch('named_value')(items, name)) }}{% endmacro %}
{% macro duckdb__named_value(items, name) -%}
list_filter({{ items }}, lambda a: a.name = '{{ name }}')[1].value
{%- endmacro %}

{#- One row per element of a list; goes into a select list. -#}
{% macro unnest_list(items) %}{{ return(adapter.dispatch('unnest_list')(items)) }}{% endmacro %}
{% macro duckdb__unnest_list(items) -%}
unnest({{ items }})
{%- endmacro %}

{#- One row per part of a text with separators; goes into a select list. -#}
{% macro unnest_text(column, separator) %}{{ return(adapter.dispatch('unnest_text')(column, separator)) }}{% endmacro %}
{% macro duckdb__unnest_text(column, separator) -%}
unnest(string_split({{ column }}, '{{ separator }}'))
{%- endmacro %}

{#- A JSON object of any keys as a map of texts; null when it is no object. -#}
{% macro json_map(column) %}{{ return(adapter.dispatch('json_map')(column)) }}{% endmacro %}
{% macro duckdb__json_map(column) -%}
from_json({{ column }}, '"MAP(VARCHAR, VARCHAR)"')
{%- endmacro %}

{#- The keys of such a map, spelled alike: orderId, order_id and `Order ID` are `orderid`. For `json_param`. -#}
{% macro json_map_names(entries) %}{{ return(adapter.dispatch('json_map_names')(entries)) }}{% endmacro %}
{% macro duckdb__json_map_names(entries) -%}
list_transform(map_keys({{ entries }}), lambda k: regexp_replace(lower(k), '[^a-z0-9]', '', 'g'))
{%- endmacro %}

{% macro json_map_texts(entries) %}{{ return(adapter.dispatch('json_map_texts')(entries)) }}{% endmacro %}
{% macro duckdb__json_map_texts(entries) -%}
map_values({{ entries }})
{%- endmacro %}

{#- The first of several property names that has a value. -#}
{% macro json_any_param(wanted, names='param_names', texts='param_texts') -%}
coalesce({% for name in wanted %}{{ json_param(name, names, texts) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- A JSON object of the given names and expressions, without those that are null; null when nothing is left. -#}
{% macro json_of(fields) %}{{ return(adapter.dispatch('json_of')(fields)) }}{% endmacro %}
{% macro duckdb__json_of(fields) -%}
nullif(cast(json_merge_patch('{}', json_object({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %})) as varchar), '{}')
{%- endmacro %}
