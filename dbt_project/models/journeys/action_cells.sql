-- Customers by segment of each set and the stage they stand at: whom an action would be offered to.
with stood as (
    select customer_id, max_by(furthest_stage_number, journey_number) as stage_number
    from {{ ref('journeys') }}
    group by customer_id
)

select
    segments.segment_set,
    segments.segment,
    coalesce(stages.stage, 'none') as stage,
    count(*) as customers
from {{ ref('customer_segments') }} as segments
left join stood on segments.customer_id = stood.customer_id
left join {{ ref('stages') }} as stages on stages.funnel = 'journey' and stood.stage_number = stages.stage_number
group by segments.segment_set, segments.segment, coalesce(stages.stage, 'none')
