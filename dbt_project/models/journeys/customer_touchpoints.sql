with touchpoints as (
    select * from {{ ref('touchpoints') }}
),

-- Numbers are sorted and joined by at a fraction of what a text costs; they hold for this warehouse only.
identifiers as (
    select
        identifier_type,
        identifier_value,
        identifier_hash,
        customer_id,
        case when customer_id is not null then dense_rank() over (order by customer_id) end as customer_number
    from {{ source('identity', 'identifiers') }}
),

session_hits as (
    select * from {{ ref('session_hits') }}
)

select
    touchpoints.*,
    -- As in customer_conversions: an order belongs to whoever its number does.
    coalesce(numbered.customer_id, subject.customer_id) as customer_id,
    coalesce(numbered.customer_number, subject.customer_number) as customer_number,
    visitor.identifier_hash as visitor_hash,
    session_hits.session_number,
    session_hits.session_id,
    coalesce(session_hits.was_cut, false) as was_cut
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
left join session_hits on touchpoints.touchpoint_id = session_hits.touchpoint_id
