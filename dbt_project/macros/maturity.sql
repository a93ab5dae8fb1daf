{#-
When a cohort is judged: maturity, and the ages and lags that young cohorts are judged by. What a window is must not be
here: each funnel says it in its seeds.
-#}

{#- A reporting week of a column so old that everybody in it has had the whole window. Dates, not instants: a change of
clocks in between must not keep a week immature for another one. -#}
{% macro week_is_mature(week, window_seconds, as_of, time_zone) -%}
    ({{ days_between(week, reporting_date(as_of, time_zone)) }} - 7) * 86400 >= {{ window_seconds }}
{%- endmacro %}

{#- As stage_conversion has it: the week is mature, and none of its journeys is still on the way, which the hour that
summer time takes may leave over. -#}
{% macro cohort_is_mature(week, window_seconds, as_of, time_zone, open_journeys) -%}
    ({{ week_is_mature(week, window_seconds, as_of, time_zone) }} and {{ open_journeys }} = 0)
{%- endmacro %}

{#- Journeys of each funnel's default mode at each transition, with the week of their entry, how long they took and how
long they have been watched. -#}
{% macro timed_moves() -%}
    select
        moves.*,
        moves.entered_week as week,
        {{ seconds_between('moves.entered_at', 'moves.moved_at') }} as lag_seconds,
        {{ seconds_between('moves.entered_at', 'parameters.as_of') }} as age_seconds,
        parameters.as_of,
        parameters.time_zone
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join {{ source('raw', 'run_parameters') }} as parameters
{%- endmacro %}

{#- Ages and lags in whole hours: an age rounded down, a lag up, so that whoever is counted at an hour has lived through it. -#}

{#- Hours for which a journey that did not move has been watched: its age, and the window once that is over. -#}
{% macro watched_hours(age_seconds, window_seconds) -%}
    cast(case
        when {{ age_seconds }} >= {{ window_seconds }} then ceil({{ window_seconds }} / 3600.0)
        else floor({{ age_seconds }} / 3600.0)
    end as bigint)
{%- endmacro %}

{% macro lag_hours(lag_seconds) -%}
    cast(ceil(greatest({{ lag_seconds }}, 0) / 3600.0) as bigint)
{%- endmacro %}

{#- The last value up to here that is not null, and the first from here on; `over (...)` follows. -#}
{% macro last_known(value) -%}
    {{ return(adapter.dispatch('last_known')(value)) }}
{%- endmacro %}

{% macro duckdb__last_known(value) -%}
    last_value({{ value }} ignore nulls)
{%- endmacro %}

{% macro next_known(value) -%}
    {{ return(adapter.dispatch('next_known')(value)) }}
{%- endmacro %}

{% macro duckdb__next_known(value) -%}
    first_value({{ value }} ignore nulls)
{%- endmacro %}
