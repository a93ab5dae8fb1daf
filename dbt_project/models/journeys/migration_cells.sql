with customers as (
    select * from {{ ref('customer_weeks') }}
),

members as (
    select week, customer_id, 'rfm' as segment_set, rfm_segment as segment from customers where rfm_segment is not null
    union all
    select week, customer_id, 'lifecycle' as segment_set, lifecycle as segment from customers
)

select
    later.week,
    later.segment_set,
    coalesce(earlier.segment, 'prospect') as from_segment,
    later.segment as to_segment,
    count(*) as customers
from members as later
left join members as earlier
    on later.customer_id = earlier.customer_id
    and later.segment_set = earlier.segment_set
    and later.week = earlier.week + interval 7 day
group by later.week, later.segment_set, coalesce(earlier.segment, 'prospect'), later.segment
