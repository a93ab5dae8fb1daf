{#-
Sessions by number: one whole number holds the visitor (31 bits), the visit (22) and the part of a visit that never
pauses (10), so that hits are sorted and joined by numbers and a session is named once. Robots' numbers are negative, with
the day in place of visit and part. The numbers hold for one warehouse; what is released is the id that they spell.
-#}

{% macro session_number(visitor_number, visit_number, part) -%}
    cast({{ visitor_number }} as bigint) * 4294967296 + {{ visit_number }} * 1024 + {{ part }}
{%- endmacro %}

{% macro machine_session_number(visitor_number, hit_date) -%}
    -(cast({{ visitor_number }} as bigint) * 4294967296 + {{ days_between("date '1970-01-01'", hit_date) }})
{%- endmacro %}

{% macro session_visitor(number) -%}
    {#- Whole multiples of a power of two: the division is exact. -#}
    cast((abs({{ number }}) - abs({{ number }}) % 4294967296) / 4294967296 as bigint)
{%- endmacro %}

{% macro session_name(number, visitor_hash) -%}
    md5({{ visitor_hash }} || ':' || case
        when {{ number }} < 0 then 'machine:' || cast(date '1970-01-01' + cast(abs({{ number }}) % 4294967296 as integer) as date)
        else cast(({{ number }} % 4294967296 - {{ number }} % 1024) / 1024 as bigint) || ':' || {{ number }} % 1024
    end)
{%- endmacro %}

{#- What names a row of a table within one statement, for a join of the table with itself. -#}
{% macro row_key(relation) -%}
    {{ return(adapter.dispatch('row_key')(relation)) }}
{%- endmacro %}

{% macro default__row_key(relation) -%}
    {{ relation }}.touchpoint_id
{%- endmacro %}

{% macro duckdb__row_key(relation) -%}
    {{ relation }}.rowid
{%- endmacro %}
