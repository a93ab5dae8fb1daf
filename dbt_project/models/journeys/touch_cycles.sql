-- Where candidates, conversions and entries into consideration of a customer stand: a cycle is what lies after one
-- conversion of a kind, up to the next and with it.
with touches as (
    select * from {{ ref('touch_candidates') }}
),

facts as (
    select distinct customer_id, based_on, conversion_id, occurred_at
    from {{ ref('attributed_conversions') }}
    where customer_id is not null
),

kinds as (
    select distinct customer_id, based_on from facts
),

-- Touches and conversions stand in one line of time and are counted along it: a join of each with each would be
-- quadratic in a customer's touches. At one instant the touch comes first: it may have led to the conversion.
line as (
    select
        touches.customer_id,
        kinds.based_on,
        touches.touched_at as step_at,
        touches.touchpoint_id as step_id,
        0 as step_kind,
        touches.channel,
        touches.campaign,
        touches.touch_type,
        touches.exclusion
    from touches
    inner join kinds on touches.customer_id = kinds.customer_id
    union all
    select journeys.customer_id, kinds.based_on, journeys.consideration_at, journeys.journey_id, 1, null, null, null, null
    from {{ ref('journeys') }} as journeys
    inner join kinds on journeys.customer_id = kinds.customer_id
    where journeys.consideration_at is not null
    union all
    select customer_id, based_on, occurred_at, conversion_id, 2, null, null, null, null
    from facts
)

select
    *,
    count(case when step_kind = 2 then 1 end) over (
        partition by customer_id, based_on order by step_at, step_kind, step_id rows unbounded preceding
    ) as cycle
from line
