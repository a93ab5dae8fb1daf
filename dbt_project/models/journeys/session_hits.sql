{{ config(materialized='view') }}
{#- A tag and a visit are compared within what no pause divides; the windows carry numbers and times only. -#}
{%- set split = var('session_split') -%}
{%- if split not in ('none', 'campaign', 'day') -%}
    {{ exceptions.raise_compiler_error("session_split: expected none, campaign or day, found " ~ split) }}
{%- endif -%}
{#- Hits of one instant are in one visit, whichever of them comes first; only a tag in between makes their order matter. -#}
{%- set in_order = 'occurred_at, touchpoint_id' if split == 'campaign' else 'occurred_at, row_key' -%}
with hits as (
    select
        {{ row_key('touchpoints') }} as row_key,
        visitors.identifier_number as visitor_number,
        touchpoints.occurred_at,
        touchpoints.is_machine
        {%- if split == 'campaign' %},
        touchpoints.touchpoint_id,
        case when coalesce(touchpoints.utm_source, touchpoints.utm_medium, touchpoints.campaign) is not null then
            {{ key_of(['touchpoints.utm_source', 'touchpoints.utm_medium', 'touchpoints.campaign']) }}
        end as tag
        {%- endif %}
    from {{ ref('touchpoints') }} as touchpoints
    inner join {{ ref('identifier_numbers') }} as visitors
        on touchpoints.visitor_type = visitors.identifier_type
        and touchpoints.visitor_id = visitors.identifier_value
),

-- A robot's million hits enter no window: one session a visitor and day.
machine_hits as (
    select
        hits.row_key,
        hits.visitor_number,
        {{ reporting_date('hits.occurred_at', 'parameters.time_zone') }} as hit_date
    from hits
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where hits.is_machine
),

gaps as (
    select
        hits.*,
        case
            when lag(occurred_at) over visits is null then 1
            when {{ seconds_between('lag(occurred_at) over visits', 'occurred_at') }}
                > {{ var('session_timeout_seconds') }} then 1
            {%- if split == 'day' %}
            when {{ reporting_date('lag(occurred_at) over visits', 'parameters.time_zone') }}
                <> {{ reporting_date('occurred_at', 'parameters.time_zone') }} then 1
            {%- endif %}
            else 0
        end as starts_visit
    from hits
    {%- if split == 'day' %}
    cross join {{ source('raw', 'run_parameters') }} as parameters
    {%- endif %}
    where not is_machine
    window visits as (partition by visitor_number order by {{ in_order }})
),
{%- if split == 'campaign' %}

-- A tag other than the one before it starts a session. What came untagged before the first tag belongs to it.
tags as (
    select
        row_key,
        lag(tag) over (partition by visitor_number, pause_number order by {{ in_order }}) <> tag as is_other
    from (
        select
            *,
            sum(starts_visit) over (partition by visitor_number order by {{ in_order }} rows unbounded preceding)
                as pause_number
        from gaps
    ) as visits
    where tag is not null
),

starts as (
    select
        gaps.* exclude (starts_visit),
        case when tags.is_other then 1 else gaps.starts_visit end as starts_visit
    from gaps
    left join tags on gaps.row_key = tags.row_key
),
{%- else %}

starts as (
    select * from gaps
),
{%- endif %}

visits as (
    select
        row_key,
        visitor_number,
        occurred_at,
        cast(sum(starts_visit) over visits as bigint) as visit_number,
        max(case when starts_visit = 1 then occurred_at end) over visits as started_at
    from starts
    window visits as (partition by visitor_number order by {{ in_order }} rows unbounded preceding)
),

-- An activity that never pauses is cut every 24 hours, so that a page left open is not one session for ever.
parts as (
    select
        row_key,
        visitor_number,
        visit_number,
        cast(greatest(0, ceil(
            {{ seconds_between('started_at', 'occurred_at') }} / {{ var('session_max_seconds') }}
        ) - 1) as bigint) as part
    from visits
),

over_long as (
    select distinct visitor_number, visit_number from parts where part > 0
)

select
    parts.row_key,
    {{ session_number('parts.visitor_number', 'parts.visit_number', 'parts.part') }} as session_number,
    over_long.visit_number is not null as was_cut
from parts
left join over_long
    on parts.visitor_number = over_long.visitor_number and parts.visit_number = over_long.visit_number
union all
select row_key, {{ machine_session_number('visitor_number', 'hit_date') }}, false
from machine_hits
