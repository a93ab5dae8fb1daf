-- Touches that no journey may follow: consent was denied at the touch, or by its customer anywhere for as long as it holds.
with touches as (
    select touchpoint_id, customer_id, occurred_at, family, {{ is_denied_at_the_touch('journey_consents') }} as is_denied
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
),

refusals as (
    select customer_id, purpose, valid_from, valid_to
    from {{ ref('customer_consents') }}
    where state in ('denied', 'withdrawn')
)

select touchpoint_id
from touches
where is_denied
union
select touches.touchpoint_id
from touches
inner join refusals
    on touches.customer_id = refusals.customer_id
    and touches.occurred_at >= refusals.valid_from
    and (refusals.valid_to is null or touches.occurred_at < refusals.valid_to)
where {{ is_governed('refusals.purpose', 'touches.family', 'journey_consents') }}
