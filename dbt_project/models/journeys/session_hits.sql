{{ config(materialized='view') }}
{#- A tag and a visit are compared within what no pause divides; the windows carry five narrow columns and no more. -#}
{%- set split = var('session_split') -%}
{%- if split not in ('none', 'campaign', 'day') -%}
    {{ exceptions.raise_compiler_error("session_split: expected none, campaign or day, found " ~ split) }}
{%- endif -%}
with hits as (
    select
        touchpoints.touchpoint_id,
        visitors.identifier_hash as visitor_hash,
        touchpoints.occurred_at,
        touchpoints.is_machine,
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as hit_date
        {%- if split == 'campaign' %},
        case when coalesce(touchpoints.utm_source, touchpoints.utm_medium, touchpoints.campaign) is not null then
            {{ key_of(['touchpoints.utm_source', 'touchpoints.utm_medium', 'touchpoints.campaign']) }}
        end as tag
        {%- endif %}
    from {{ ref('touchpoints') }} as touchpoints
    inner join {{ source('identity', 'identifiers') }} as visitors
        on touchpoints.visitor_type = visitors.identifier_type
        and touchpoints.visitor_id = visitors.identifier_value
    cross join {{ source('raw', 'run_parameters') }} as parameters
),

-- A robot's million hits enter no window: one session a visitor and day.
machine as (
    select touchpoint_id, 'machine:' || hit_date as visit_key, false as was_cut
    from hits
    where is_machine
),

gaps as (
    select
        hits.* exclude (is_machine),
        case
            when lag(occurred_at) over visits is null then 1
            when {{ seconds_between('lag(occurred_at) over visits', 'occurred_at') }}
                > {{ var('session_timeout_seconds') }} then 1
            {%- if split == 'day' %}
            when lag(hit_date) over visits <> hit_date then 1
            {%- endif %}
            else 0
        end as starts_visit
    from hits
    where not is_machine
    window visits as (partition by visitor_hash order by occurred_at, touchpoint_id)
),

visits as (
    select
        * exclude (starts_visit),
        sum(starts_visit) over (
            partition by visitor_hash order by occurred_at, touchpoint_id rows unbounded preceding
        ) as visit_number
    from gaps
),

{%- if split == 'campaign' %}

-- A tag other than the one before it starts a session. What came untagged before the first tag belongs to it.
tags as (
    select
        touchpoint_id,
        lag(tag) over (partition by visitor_hash, visit_number order by occurred_at, touchpoint_id) <> tag as is_other
    from visits
    where tag is not null
),

parts as (
    select
        visits.touchpoint_id,
        visits.visitor_hash,
        visits.occurred_at,
        visits.visit_number || '.' || sum(case when tags.is_other then 1 else 0 end) over (
            partition by visits.visitor_hash, visits.visit_number
            order by visits.occurred_at, visits.touchpoint_id rows unbounded preceding
        ) as visit_number
    from visits
    left join tags on visits.touchpoint_id = tags.touchpoint_id
),
{%- else %}

parts as (
    select touchpoint_id, visitor_hash, occurred_at, visit_number from visits
),
{%- endif %}

starts as (
    select visitor_hash, visit_number, min(occurred_at) as started_at, max(occurred_at) as ended_at
    from parts
    group by visitor_hash, visit_number
),

-- An activity that never pauses is cut every 24 hours, so that a page left open is not one session for ever.
cut as (
    select
        parts.touchpoint_id,
        parts.visit_number || ':' || cast(greatest(0, ceil(
            {{ seconds_between('starts.started_at', 'parts.occurred_at') }} / {{ var('session_max_seconds') }}
        ) - 1) as bigint) as visit_key,
        {{ seconds_between('starts.started_at', 'starts.ended_at') }} > {{ var('session_max_seconds') }} as was_cut
    from parts
    inner join starts on parts.visitor_hash = starts.visitor_hash and parts.visit_number = starts.visit_number
)

-- The visitor's hash is put before it where it is known anyway: a short key is joined, not a long one.
select touchpoint_id, visit_key, was_cut from cut
union all
select touchpoint_id, visit_key, was_cut from machine
