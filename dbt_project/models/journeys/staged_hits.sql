with measurements as (
    select * from {{ ref('measurements') }} where not is_machine and not is_internal_test
),

-- Where nothing is measured, nothing is free of errors: a system that never told a measurement is left out.
measuring as (
    select distinct source from measurements
),

stage_events as (
    select event_id, stage_number from {{ ref('journey_events') }} where not is_exclusion
),

stages as (
    select stage_number, stage from {{ ref('stages') }} where funnel = 'journey' and not is_exclusion
),

hits as (
    select
        touchpoints.touchpoint_id as hit_id,
        touchpoints.visitor_type,
        touchpoints.visitor_id,
        touchpoints.occurred_at,
        0 as is_measured,
        case when touchpoints.interaction_type = 'page_view' then 'page_view' else 'other' end as signal,
        cast(null as varchar) as metric,
        cast(null as double) as value,
        touchpoints.page_path,
        touchpoints.device_category,
        sessions.session_id,
        sessions.started_at,
        stage_events.stage_number
    from {{ ref('customer_touchpoints') }} as touchpoints
    inner join measuring on touchpoints.source = measuring.source
    inner join {{ ref('sessions') }} as sessions on touchpoints.session_number = sessions.session_number
    left join stage_events on touchpoints.touchpoint_id = stage_events.event_id
    where not coalesce(touchpoints.is_machine, false) and not coalesce(touchpoints.is_internal_test, false)
    union all
    select
        measurement_id,
        visitor_type,
        visitor_id,
        occurred_at,
        1,
        interaction_type,
        metric,
        value,
        page_path,
        device_category,
        null,
        null,
        null
    from measurements
),

-- The latest touch before each hit by its number, the latest evidence by its instant and stage in one number.
followed as (
    select
        *,
        sum(1 - is_measured) over visits as touch_number,
        max({{ microseconds_of('occurred_at') }} * 10 + stage_number) over visits as evidence
    from hits
    window visits as (
        partition by visitor_type, visitor_id order by occurred_at, is_measured, hit_id rows unbounded preceding
    )
),

touches as (
    select * from followed where is_measured = 0
),

-- A measurement belongs to the visit of the touch before it, as long as that visit had not ended.
placed as (
    select
        measured.hit_id,
        measured.occurred_at,
        measured.signal,
        measured.metric,
        measured.value,
        measured.page_path,
        coalesce(measured.device_category, touches.device_category) as device_category,
        touches.session_id,
        touches.started_at,
        measured.evidence
    from followed as measured
    left join touches
        on measured.visitor_type = touches.visitor_type
        and measured.visitor_id = touches.visitor_id
        and measured.touch_number = touches.touch_number
        and {{ seconds_between('touches.occurred_at', 'measured.occurred_at') }} <= {{ var('session_timeout_seconds') }}
    where measured.is_measured = 1
    union all
    select
        hit_id, occurred_at, signal, metric, value, page_path, device_category, session_id, started_at, evidence
    from touches
)

select
    placed.hit_id,
    placed.session_id,
    placed.occurred_at,
    {{ reporting_week('placed.occurred_at', 'parameters.time_zone') }} as week,
    coalesce(stages.stage, 'awareness') as stage,
    placed.signal,
    placed.metric,
    placed.value,
    placed.page_path,
    {{ page_group('placed.page_path') }} as page_group,
    coalesce(placed.device_category, 'unknown') as device
from placed
cross join {{ source('raw', 'run_parameters') }} as parameters
-- What a visit before this one proved says nothing of this one.
left join stages
    on placed.evidence % 10 = stages.stage_number
    and placed.evidence >= {{ microseconds_of('placed.started_at') }} * 10
