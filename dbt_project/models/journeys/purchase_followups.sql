-- One row per journey with a purchase: what came first after it, of what it should lead to and of what it should not.
with purchases as (
    select * from {{ ref('journeys') }} where purchase_at is not null
),

values_seen as (
    select event_id from {{ ref('journey_events') }}
    where stage = 'experience'
        and sub_stage in ({% for name in var('first_value_sub_stages') %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
),

-- A purchase stands before what happens in its own instant. What the desk writes back is no follow-up of ours.
line as (
    select customer_number, purchase_at as placed_at, 0 as is_touch, journey_number, cast(null as varchar) as kind
    from purchases
    union all
    select
        touches.customer_number,
        touches.occurred_at,
        1,
        null,
        case
            when values_seen.event_id is not null then 'value'
            when contacts.touchpoint_id is not null then 'contact'
            when touches.family = 'feedback' then 'survey'
            when touches.direction = 'outbound' and touches.family <> 'support' then 'outbound'
        end
    from {{ ref('customer_touchpoints') }} as touches
    left join values_seen on touches.touchpoint_id = values_seen.event_id
    left join {{ ref('support_contacts') }} as contacts on touches.touchpoint_id = contacts.touchpoint_id
    where touches.customer_number in (select customer_number from purchases)
        and not coalesce(touches.is_machine, false)
        and not coalesce(touches.is_internal_test, false)
),

followed as (
    select
        customer_number,
        journey_number,
        is_touch
        {%- for kind in ['value', 'contact', 'survey', 'outbound'] %},
        min(case when kind = '{{ kind }}' then placed_at end) over ahead as {{ kind }}_at
        {%- endfor %}
    from line
    window ahead as (
        partition by customer_number order by placed_at, is_touch, journey_number
        rows between current row and unbounded following
    )
)

select
    purchases.journey_id,
    purchases.customer_id,
    purchases.customer_number,
    purchases.journey_number,
    purchases.purchase_at,
    {{ reporting_week('purchases.purchase_at', 'parameters.time_zone') }} as week,
    {{ seconds_between('purchases.purchase_at', 'parameters.as_of') }} as age_seconds,
    {{ seconds_between('purchases.purchase_at', 'followed.value_at') }} as value_seconds,
    {{ seconds_between('purchases.purchase_at', 'followed.contact_at') }} as contact_seconds,
    {{ seconds_between('purchases.purchase_at', 'followed.survey_at') }} as survey_seconds,
    {{ seconds_between('purchases.purchase_at', 'followed.outbound_at') }} as outbound_seconds,
    journeys.entry_channel,
    journeys.entry_device,
    journeys.market,
    journeys.customer_type
from purchases
cross join {{ source('raw', 'run_parameters') }} as parameters
inner join followed
    on followed.is_touch = 0
    and purchases.customer_number = followed.customer_number
    and purchases.journey_number = followed.journey_number
inner join {{ ref('funnel_journeys') }} as journeys
    on journeys.funnel = 'journey'
    and purchases.customer_number = journeys.customer_number
    and purchases.journey_number = journeys.journey_number
