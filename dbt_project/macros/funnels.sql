{#-
Funnels: the steps of a funnel as numbered columns, so that one pass serves every funnel whatever its length.
A column is `<name>_1`, `<name>_2`, ... up to the variable max_steps; one that a funnel does not use is null.
-#}

{% macro step_numbers() -%}
    {{ return(range(1, var('max_steps') + 1) | list) }}
{%- endmacro %}

{#- The numbered column that `number` names. -#}
{% macro of_step(prefix, number) -%}
case {{ number }}
        {%- for k in step_numbers() %} when {{ k }} then {{ prefix }}_{{ k }}{% endfor %} end
{%- endmacro %}

{#- The earliest or latest of the numbered columns from one step to another, nulls left out; null when there is none. -#}
{% macro earliest_step(prefix, first, last) -%}
    {%- set columns = [] -%}
    {%- for k in range(first, last + 1) %}{% do columns.append(prefix ~ '_' ~ k) %}{% endfor -%}
    {{ 'null' if not columns else columns[0] if columns | length == 1 else 'least(' ~ columns | join(', ') ~ ')' }}
{%- endmacro %}

{% macro latest_step(prefix, first, last) -%}
    {{ earliest_step(prefix, first, last) | replace('least(', 'greatest(') }}
{%- endmacro %}

{% macro seconds_later(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_later')(instant, seconds)) }}
{%- endmacro %}

{% macro duckdb__seconds_later(instant, seconds) -%}
    ({{ instant }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro full_match(text, pattern) -%}
    {{ return(adapter.dispatch('full_match')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__full_match(text, pattern) -%}
    regexp_full_match({{ text }}, {{ pattern }})
{%- endmacro %}

{#- The value below which this share of the values lies, interpolated. -#}
{% macro exact_quantile(value, share) -%}
    {{ return(adapter.dispatch('exact_quantile')(value, share)) }}
{%- endmacro %}

{% macro duckdb__exact_quantile(value, share) -%}
    quantile_cont({{ value }}, {{ share }})
{%- endmacro %}

{#- What journeys are told apart by: columns of transitions_of_journeys, with their rule in the seed `breakdowns`. -#}
{% macro entry_breakdowns() -%}
    {{ return([
        'entry_channel', 'entry_campaign', 'entry_device', 'market', 'customer_type', 'segment_at_entry', 'entry_mix'
    ]) }}
{%- endmacro %}

{#- One row per funnel, mode, journey and transition whose first stage was entered, without what it is broken down by. -#}
{% macro moves_of_journeys() -%}
    select
        transitions.funnel,
        step_times.mode,
        step_times.customer_number,
        step_times.journey_number,
        transitions.from_stage,
        transitions.to_stage,
        transitions.from_number,
        transitions.to_number,
        transitions.window_seconds,
        {{ of_step('step_times.at', 'transitions.from_number') }} as entered_at,
        {{ of_step('step_times.at', 'transitions.to_number') }} as moved_at,
        {{ of_step('step_times.week', 'transitions.from_number') }} as entered_week,
        {{ of_step('step_times.week', 'transitions.to_number') }} as moved_week,
        {{ of_step('step_times.is_imputed', 'transitions.from_number') }}
        or {{ of_step('step_times.is_imputed', 'transitions.to_number') }} as is_imputed,
        transitions.is_overall
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('funnel_transitions') }} as transitions on step_times.funnel = transitions.funnel
    where {{ of_step('step_times.at', 'transitions.from_number') }} is not null
{%- endmacro %}

{#- One row per funnel, mode, journey and step entered. -#}
{% macro entries_of_journeys() -%}
    select
        step_times.funnel,
        step_times.mode,
        step_times.customer_number,
        step_times.journey_number,
        stages.stage_number,
        stages.stage,
        {{ of_step('step_times.at', 'stages.stage_number') }} as entered_at,
        {{ of_step('step_times.is_imputed', 'stages.stage_number') }} as is_imputed,
        {{ of_step('step_times.week', 'stages.stage_number') }} as week
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('stages') }} as stages on step_times.funnel = stages.funnel and not stages.is_exclusion
    where {{ of_step('step_times.at', 'stages.stage_number') }} is not null
{%- endmacro %}

{#- What a cohort is counted by, of rows of `moves`. -#}
{% macro cohort_counts() %}
    {%- set seconds = seconds_between('entered_at', 'moved_at') %}
    {%- set is_converted = 'coalesce(' ~ seconds ~ ' <= moves.window_seconds, false)' %}
        count(*) as entered,
        count(*) filter (where {{ is_converted }}) as converted,
        count(*) filter (where is_imputed) as imputed,
        count(*) filter (
            where not {{ is_converted }} and {{ seconds_between('entered_at', 'as_of') }} < moves.window_seconds
        ) as open,
        {%- for name, share in [('median', 0.5), ('p75', 0.75), ('p90', 0.9)] %}
        {{ exact_quantile('case when ' ~ is_converted ~ ' then ' ~ seconds ~ ' end', share) }} as {{ name }}_seconds
        {{- ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}
