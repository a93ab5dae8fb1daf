-- What may go with how it was or with buying: one row per customer, instant and signal, in the words of the drivers.
with staged as (
    select sessions.customer_id, hits.occurred_at
    from {{ ref('staged_hits') }} as hits
    inner join {{ ref('sessions') }} as sessions on hits.session_id = sessions.session_id
    where hits.signal in ('error', 'rage_click', 'dead_click', 'quick_back') and sessions.customer_id is not null
),

touches as (
    select * from {{ ref('journey_touches') }}
),

-- The next time the support closed something for the customer: the exports on hand tell no first reply.
helped as (
    select
        customer_id,
        occurred_at,
        interaction_type,
        min(case when interaction_type in ('ticket_solved', 'conversation_closed') then occurred_at end) over (
            partition by customer_id order by occurred_at, interaction_type, touchpoint_id
            rows between 1 following and unbounded following
        ) as closed_at
    from touches
    where family = 'support'
)

select customer_id, occurred_at, 'contact' as signal, cast(null as varchar) as detail, closed_at
from helped
where interaction_type in ('ticket_created', 'conversation_started')
union all
select customer_id, occurred_at, 'friction', null, null from staged
union all
select customer_id, started_at, 'visit', device_category, null
from {{ ref('sessions') }}
where customer_id is not null and not coalesce(is_machine, false) and not coalesce(is_internal_test, false)
union all
select customer_id, occurred_at, 'channel', channel, null from touches where channel is not null
union all
select customer_id, occurred_at, 'use', null, null from touches where interaction_type = 'feature_used'
