-- What counts as which type of conversion is data (seed conversion_types): a fact counts once in every type that is based
-- on its kind. Refunds have lowered the value already, and what was voided is no fact.
with types as (
    select * from {{ ref('conversion_types') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

facts as (
    select conversion_id, conversion_type as based_on, customer_id, occurred_at, week, value
    from {{ ref('customer_conversions') }}
    where is_counted
    union all
    select score_id, 'answer', customer_id, answered_at, week, cast(0 as decimal(18, 6))
    from {{ ref('experience_answers') }}
    where (instrument = 'CSAT' and is_positive) or is_promoter
    union all
    select
        {{ id_text('events.event_id') }},
        'referral',
        journeys.customer_id,
        events.occurred_at,
        {{ reporting_week('events.occurred_at', 'parameters.time_zone') }},
        cast(0 as decimal(18, 6))
    from {{ ref('journey_events') }} as events
    cross join parameters
    inner join {{ ref('journeys') }} as journeys
        on events.customer_number = journeys.customer_number and events.journey_number = journeys.journey_number
    where events.stage = 'advocacy' and events.sub_stage = 'referral'
),

numbered as (
    select
        *,
        row_number() over (partition by customer_id, based_on order by occurred_at, conversion_id) - 1
            as earlier_conversions
    from facts
)

select
    numbered.conversion_id,
    types.conversion_type,
    types.based_on,
    numbered.customer_id,
    numbered.occurred_at,
    numbered.week,
    coalesce(numbered.value, 0) as value,
    numbered.earlier_conversions
from numbered
inner join types on numbered.based_on = types.based_on
-- Of somebody unknown nobody can say which order it was.
where types.occurrence = 'any'
    or (
        numbered.customer_id is not null
        and (types.occurrence = 'first') = (numbered.earlier_conversions = 0)
    )
