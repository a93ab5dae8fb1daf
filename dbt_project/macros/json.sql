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

{#- One row per key of a flat JSON object, as a struct of key and value (text); goes into a select list. -#}
{% macro unnest_json_object(column) %}{{ return(adapter.dispatch('unnest_json_object')(column)) }}{% endmacro %}
{% macro duckdb__unnest_json_object(column) -%}
unnest(map_entries(cast(cast({{ column }} as json) as map(varchar, varchar))))
{%- endmacro %}

{#-
The names of a JSON object in one spelling (`$value`, `Campaign Name` -> value, campaign_name) and the values beside them
as texts; `json_param` then reads one. For objects whose names are people's own.
-#}
{% macro json_loose_names(column) %}{{ return(adapter.dispatch('json_loose_names')(column)) }}{% endmacro %}
{% macro duckdb__json_loose_names(column) -%}
list_transform(
            json_keys({{ column }}),
            lambda name: trim(regexp_replace(lower(name), '[^a-z0-9]+', '_', 'g'), '_')
        )
{%- endmacro %}

{% macro json_loose_texts(column) %}{{ return(adapter.dispatch('json_loose_texts')(column)) }}{% endmacro %}
{% macro duckdb__json_loose_texts(column) -%}
list_transform(
            json_keys({{ column }}),
            lambda name: json_extract_string({{ column }}, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
        )
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

{#- A JSON array of texts as words in lower case, one space between them; a space within a text becomes an underscore. -#}
{% macro json_words(column) %}{{ return(adapter.dispatch('json_words')(column)) }}{% endmacro %}
{% macro duckdb__json_words(column) -%}
nullif(array_to_string(list_transform(
        from_json({{ column }}, '["VARCHAR"]'), lambda word: lower(regexp_replace(trim(word), '[[:space:]]+', '_', 'g'))
    ), ' '), '')
{%- endmacro %}

{#- The same of one field of a list of structs. -#}
{% macro joined_words(items, field) %}{{ return(adapter.dispatch('joined_words')(items, field)) }}{% endmacro %}
{% macro duckdb__joined_words(items, field) -%}
nullif(array_to_string(list_transform(
        {{ items }}, lambda item: lower(regexp_replace(trim(item.{{ field }}), '[[:space:]]+', '_', 'g'))
    ), ' '), '')
{%- endmacro %}
