{#-
What may be done to a path of channels before it is counted; the names are Snowplow's and Google's. Add one as a line of
path_transforms and name it in the variable of that name. What a path is, is in path_cells: the models fitted on paths see
what is left of it, rules and hazard models every touch.

keep: which steps stay. At hand, of each step: channel, position, previous_channel, occurrence (1 is the channel's first
in the path), occurrences, last_other (position of the last step that is not direct, null where all are).
label: what a step is called, its channel unless said otherwise.
-#}
{% macro path_transforms() -%}
    {{ return({
        'unique': {'keep': 'true'},
        'exposure': {'keep': 'previous_channel is distinct from channel'},
        'first': {'keep': 'occurrence = 1'},
        'frequency': {'keep': 'occurrence = 1', 'label': "channel || '(' || occurrences || ')'"},
        'remove_if_last_and_not_all': {'keep': 'last_other is null or position <= last_other'},
        'remove_if_not_all': {'keep': "last_other is null or channel <> 'direct'"},
    }) }}
{%- endmacro %}

{#- What a transform may ask of a step, each computed only where it is asked. -#}
{% macro step_columns() -%}
    {{ return({
        'previous_channel': 'lag(channel) over (partition by path_id order by position)',
        'occurrence': 'row_number() over (partition by path_id, channel order by position)',
        'occurrences': 'count(*) over (partition by path_id, channel)',
        'last_other': "max(case when channel <> 'direct' then position end) over (partition by path_id)",
    }) }}
{%- endmacro %}

{#- CTEs that apply transforms one after the other to steps (path_id, position, channel); the last is `transformed`. -#}
{% macro transformed_paths(steps, transforms) -%}
{%- for name in transforms %}
{%- if name not in path_transforms() -%}
    {{ exceptions.raise_compiler_error(
        'path_transforms: expected one of ' ~ path_transforms().keys() | join(', ') ~ ', found ' ~ name) }}
{%- endif -%}
{%- set transform = path_transforms()[name] -%}
{%- set needed = [] -%}
{%- for column in step_columns() if column in transform.keep ~ (transform.label or '') -%}
    {%- do needed.append(column) -%}
{%- endfor %}
transformed_{{ loop.index }} as (
    select * exclude (channel{% for column in needed %}, {{ column }}{% endfor %}),
        {{ transform.label or 'channel' }} as channel
    from (
        select *
            {%- for column in needed %},
            {{ step_columns()[column] }} as {{ column }}
            {%- endfor %}
        from {{ steps if loop.first else 'transformed_' ~ loop.index0 }}
    ) as looked_around
    where {{ transform.keep }}
),

{% endfor -%}
transformed as (
    select * from {{ 'transformed_' ~ transforms | length if transforms else steps }}
)
{%- endmacro %}
