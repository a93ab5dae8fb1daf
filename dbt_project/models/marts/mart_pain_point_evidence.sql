with points as (
    select * from {{ source('measures', 'pain_points') }} where rank <= {{ var('pain_evidence_ranks') }}
),

lost as (
    select
        points.pain_point_id,
        case when units.kind = 'unresolved_support' then 'contact'
            when units.unit_id is null then 'customer'
            else 'journey' end as kind,
        coalesce({{ id_text('units.unit_id') }}, units.customer_id) as ref
    from points
    inner join {{ ref('pain_units') }} as units
        on points.step = units.step
        and points.cohort_week = units.week
        and {{ of_member('points', 'units', pain_breakdowns()) }}
    where units.is_dropped
    union
    select points.pain_point_id, 'session', hits.session_id
    from points
    inner join ({{ friction_hits() }}) as hits
        on points.kind = 'friction'
        and points.step = hits.signal || ' in ' || hits.stage
        and points.cohort_week = hits.week
    inner join (
        select session_id, coalesce(channel, 'unknown') as entry_channel,
            coalesce(device_category, 'unknown') as entry_device
        from {{ ref('sessions') }}
    ) as sessions
        on hits.session_id = sessions.session_id
        and {{ of_member('points', 'sessions', ['entry_channel', 'entry_device']) }}
),

drawn as (
    select
        *,
        count(*) over (partition by pain_point_id) as of_total,
        row_number() over (partition by pain_point_id order by md5(pain_point_id || ref), ref) as place
    from lost
)

select pain_point_id, kind, ref, of_total
from drawn
where place <= {{ var('pain_evidence_limit') }}
