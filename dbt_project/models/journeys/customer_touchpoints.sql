with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

identifiers as (
    select * from {{ source('identity', 'identifiers') }}
),

owned as (
    select
        touchpoints.*,
        -- As in customer_conversions: an order belongs to whoever its number does.
        coalesce(numbered.customer_id, subject.customer_id) as customer_id,
        visitor.identifier_hash as visitor_hash
    from touchpoints
    left join identifiers as subject
        on touchpoints.identifier_type = subject.identifier_type
        and touchpoints.identifier_value = subject.identifier_value
    left join identifiers as numbered
        on numbered.identifier_type = 'order_name'
        and touchpoints.identifier_type = 'email'
        and touchpoints.family = 'commerce'
        and touchpoints.order_ref = numbered.identifier_hash
    left join identifiers as visitor
        on touchpoints.visitor_type = visitor.identifier_type
        and touchpoints.visitor_id = visitor.identifier_value
),

gaps as (
    select
        *,
        case
            when lag(occurred_at) over visits is null then 1
            when {{ seconds_between('lag(occurred_at) over visits', 'occurred_at') }}
                > {{ var('session_timeout_seconds') }} then 1
            else 0
        end as starts_visit
    from owned
    where visitor_hash is not null
    window visits as (partition by visitor_hash order by occurred_at, touchpoint_id)
),

visits as (
    select
        *,
        sum(starts_visit) over (
            partition by visitor_hash order by occurred_at, touchpoint_id rows unbounded preceding
        ) as visit_number
    from gaps
),

lengths as (
    select
        *,
        -- An activity that never pauses is cut every 24 hours, so that a page left open is not one session for ever.
        cast(floor({{ seconds_between('min(occurred_at) over (partition by visitor_hash, visit_number)', 'occurred_at') }}
            / {{ var('session_max_seconds') }}) as bigint) as length_number
    from visits
)

select
    * exclude (starts_visit, visit_number, length_number),
    md5(visitor_hash || ':' || visit_number || ':' || length_number) as session_id
from lengths
union all by name
select *, cast(null as varchar) as session_id
from owned
where visitor_hash is null
