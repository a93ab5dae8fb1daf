{{ config(materialized='view') }}
{#- A tag and a visit are compared within what no pause divides; the windows carry narrow columns and numbers for keys. -#}
{%- set split = var('session_split') -%}
{%- if split not in ('none', 'campaign', 'day') -%}
    {{ exceptions.raise_compiler_error("session_split: expected none, campaign or day, found " ~ split) }}
{%- endif -%}
with visitors as (
    select
        identifier_type,
        identifier_value,
        identifier_hash,
        dense_rank() over (order by identifier_hash) as visitor_number
    from {{ source('identity', 'identifiers') }}
),

hits as (
    select
        touchpoints.touchpoint_id,
        visitors.visitor_number,
        touchpoints.occurred_at
        {%- if split == 'day' %},
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as hit_date
        {%- elif split == 'campaign' %},
        case when coalesce(touchpoints.utm_source, touchpoints.utm_medium, touchpoints.campaign) is not null then
            {{ key_of(['touchpoints.utm_source', 'touchpoints.utm_medium', 'touchpoints.campaign']) }}
        end as tag
        {%- endif %}
    from {{ ref('touchpoints') }} as touchpoints
    inner join visitors
        on touchpoints.visitor_type = visitors.identifier_type
        and touchpoints.visitor_id = visitors.identifier_value
    {%- if split == 'day' %}
    cross join {{ source('raw', 'run_parameters') }} as parameters
    {%- endif %}
    where not touchpoints.is_machine
),

-- A robot's million hits enter no window: one session a visitor and day.
machine_hits as (
    select
        touchpoints.touchpoint_id,
        visitors.visitor_number,
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as hit_date
    from {{ ref('touchpoints') }} as touchpoints
    inner join visitors
        on touchpoints.visitor_type = visitors.identifier_type
        and touchpoints.visitor_id = visitors.identifier_value
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where touchpoints.is_machine
),

gaps as (
    select
        hits.*,
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
    window visits as (partition by visitor_number order by occurred_at, touchpoint_id)
),

visits as (
    select
        * exclude (starts_visit),
        sum(starts_visit) over (
            partition by visitor_number order by occurred_at, touchpoint_id rows unbounded preceding
        ) as visit_number
    from gaps
),

{%- if split == 'campaign' %}

-- A tag other than the one before it starts a session. What came untagged before the first tag belongs to it.
tags as (
    select
        touchpoint_id,
        lag(tag) over (partition by visitor_number, visit_number order by occurred_at, touchpoint_id) <> tag as is_other
    from visits
    where tag is not null
),

parts as (
    select
        visits.touchpoint_id,
        visits.visitor_number,
        visits.occurred_at,
        visits.visit_number || '.' || sum(case when tags.is_other then 1 else 0 end) over (
            partition by visits.visitor_number, visits.visit_number
            order by visits.occurred_at, visits.touchpoint_id rows unbounded preceding
        ) as visit_number
    from visits
    left join tags on visits.touchpoint_id = tags.touchpoint_id
),
{%- else %}

parts as (
    select touchpoint_id, visitor_number, occurred_at, cast(visit_number as bigint) as visit_number from visits
),
{%- endif %}

over_long as (
    select visitor_number, visit_number, min(occurred_at) as started_at
    from parts
    group by visitor_number, visit_number
    having {{ seconds_between('min(occurred_at)', 'max(occurred_at)') }} > {{ var('session_max_seconds') }}
),

-- An activity that never pauses is cut every 24 hours, so that a page left open is not one session for ever.
cut as (
    select
        parts.touchpoint_id,
        parts.visitor_number,
        parts.visit_number,
        case
            when over_long.started_at is null then 0
            else cast(greatest(0, ceil(
                {{ seconds_between('over_long.started_at', 'parts.occurred_at') }} / {{ var('session_max_seconds') }}
            ) - 1) as bigint)
        end as part,
        over_long.started_at is not null as was_cut
    from parts
    left join over_long
        on parts.visitor_number = over_long.visitor_number and parts.visit_number = over_long.visit_number
),

-- A session is named once, and not once a hit; what reads sessions sorts and joins by their numbers. Robots' are negative.
names as (
    select distinct visitor_number, identifier_hash from visitors
),

sessions as (
    select
        visits.*,
        row_number() over (order by visits.visitor_number, visits.visit_number, visits.part) as session_number,
        names.identifier_hash as visitor_hash,
        md5(names.identifier_hash || ':' || visits.visit_number || ':' || visits.part) as session_id
    from (select distinct visitor_number, visit_number, part from cut) as visits
    inner join names on visits.visitor_number = names.visitor_number
),

machine_sessions as (
    select
        visits.*,
        -row_number() over (order by visits.visitor_number, visits.hit_date) as session_number,
        names.identifier_hash as visitor_hash,
        md5(names.identifier_hash || ':machine:' || visits.hit_date) as session_id
    from (select distinct visitor_number, hit_date from machine_hits) as visits
    inner join names on visits.visitor_number = names.visitor_number
)

select cut.touchpoint_id, sessions.visitor_hash, sessions.session_number, sessions.session_id, cut.was_cut
from cut
inner join sessions
    on cut.visitor_number = sessions.visitor_number
    and cut.visit_number = sessions.visit_number
    and cut.part = sessions.part
union all
select
    machine_hits.touchpoint_id,
    machine_sessions.visitor_hash,
    machine_sessions.session_number,
    machine_sessions.session_id,
    false
from machine_hits
inner join machine_sessions
    on machine_hits.visitor_number = machine_sessions.visitor_number
    and machine_hits.hit_date = machine_sessions.hit_date
