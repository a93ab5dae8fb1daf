{#-
What a browser measures of a page or of a click on it: web vitals, errors, rage, dead and error clicks. The names vendors
give them are in the seed event_names. Nobody did these, so they are measurements and no touchpoints.
Add a shape in which a vendor delivers them; what a measurement means for a stage belongs in the journeys.
-#}

{% macro measurement_words() -%}
('web_vital', 'error', 'rage_click', 'dead_click', 'error_click')
{%- endmacro %}

{#- True for what was measured, false for what somebody did. -#}
{% macro is_measurement(interaction_type) -%}
coalesce({{ interaction_type }} in {{ measurement_words() }}, false)
{%- endmacro %}

{#- The five vitals that have published thresholds; FID has none any more. -#}
{% macro vitals() -%}
    {{ return(['lcp', 'inp', 'cls', 'fcp', 'ttfb']) }}
{%- endmacro %}

{#-
One column per vital and `metric_id` of a hit that names its metric, or whose event is named like it, and tells the value
beside it. `delta` is what is new since the hit before and only the value where nothing else is told.
-#}
{% macro vitals_by_name(event_name, names, values) -%}
{%- for vital in vitals() %}
        case
            when lower(coalesce({{ json_any_param(names) }}, {{ event_name }})) = '{{ vital }}'
                then try_cast({{ json_any_param(values) }} as double)
        end as {{ vital }},
        {%- endfor %}
        {{ json_any_param(['metric_id', 'id']) }} as metric_id
{%- endmacro %}

{#-
One row per measurement of a staging model's hits, with columns `lcp` to `ttfb` and `metric_id`. What is below zero or past
the largest number Snowplow's own schema takes is no measurement.
-#}
{% macro measurements_from(model_name, visitor_type='visitor_type') -%}
    {%- for vital in vitals() %}
    {{ rows_from(model_name, visitor_type=visitor_type, metric="'" ~ vital | upper ~ "'", value=vital,
        where="interaction_type = 'web_vital' and " ~ vital ~ " between 0 and 2147483647") }}
    union all
    {%- endfor %}
    {{ rows_from(model_name, visitor_type=visitor_type, metric='null', value='null',
        where="interaction_type <> 'web_vital' and " ~ is_measurement('interaction_type')) }}
{%- endmacro %}

{#- The part of a site a page is in: the first word of its path, without ids. `/products/arc-lamp` -> /products. -#}
{% macro page_group(path) -%}
coalesce(
        '/' || case
            when regexp_matches(split_part({{ path }}, '/', 2), '[0-9]') then '*'
            else lower(split_part({{ path }}, '/', 2))
        end,
        'unknown'
    )
{%- endmacro %}

{#- An instant as a whole number, so that the latest of some rows and what it says fit into one. -#}
{% macro microseconds_of(instant) %}{{ return(adapter.dispatch('microseconds_of')(instant)) }}{% endmacro %}
{% macro duckdb__microseconds_of(instant) -%}
epoch_us({{ instant }})
{%- endmacro %}
