{#-
Where identifiers become pseudonyms: on the way into a staging table. A staging model reads and cleans raw values; what
is stored, and all that anybody further right can see, is `pseudonym(kind, value)` of journey_pipeline/pseudonyms.py.
Equal identifiers of one kind have equal pseudonyms, whatever their columns are called.

A column holds an identifier when it is named after a row of the seed identifier_types, alone (`email`) or at the end
(`previous_email`), or is one of `typed_by`. A pseudonym is a UUID and passes as it is, so a staging model that reads
another one hashes nothing twice. Add to `typed_by` a column whose kind another column says.
-#}

{#- Columns with identifiers of more than one kind, and what says which. An order's number stands for its customer. -#}
{% macro typed_by() %}
    {{- return({
        'identifier_value': 'identifier_type', 'visitor_id': 'visitor_type', 'click_id': 'click_id_type',
        'a_value': 'a_type', 'b_value': 'b_type', 'order_ref': "'order_name'",
        'about_ref': "case about_type when 'order' then 'order_name' else about_type end",
    }) }}
{% endmacro %}

{#- The SQL that says of which kind a column's identifiers are; none when it holds no identifiers. -#}
{% macro identifier_kind(column) %}
    {%- for kind in identifier_types() if column == kind or column.endswith('_' ~ kind) %}
        {{- return("'" ~ kind ~ "'") }}
    {%- endfor %}
    {{- return(typed_by().get(column)) }}
{% endmacro %}

{#- A query with a pseudonym in place of every identifier. -#}
{% macro pseudonymised(query) %}
    {%- set replaced = [] -%}
    {%- for column in adapter.get_column_schema_from_query(query) if identifier_kind(column.name) -%}
        {%- if column.dtype == 'VARCHAR' -%}
            {%- do replaced.append('pseudonym(' ~ identifier_kind(column.name) ~ ', ' ~ column.name ~ ') as ' ~ column.name) -%}
        {%- elif column.dtype not in ('UUID', 'BOOLEAN') -%}
            {%- do exceptions.raise_compiler_error(column.name ~ ' is named as an identifier and is ' ~ column.dtype
                ~ ': cast it to varchar, or name it otherwise') -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return('select * replace (' ~ replaced | join(', ') ~ ') from (' ~ query ~ ') as delivered' if replaced else query) }}
{% endmacro %}

{#- dbt-duckdb's own way to fill a table, and the one door every staging table goes through. -#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) %}
    {%- set code = pseudonymised(compiled_code) if model.config.schema == 'staging' else compiled_code -%}
    {{- return(dbt.duckdb__create_table_as(
        temporary, relation, code, language, partitioned_by=partitioned_by, sorted_by=sorted_by
    )) }}
{% endmacro %}

{#- What a pseudonym's last digit says of the value it stands for. -#}
{% macro is_our_own(pseudonym) -%}
coalesce(right(cast({{ pseudonym }} as varchar), 1) in ('1', '3'), false)
{%- endmacro %}
