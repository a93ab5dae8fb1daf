-- One row per case a customer opened at a desk. Which of two exports of one case is read is decided by the touchpoints.
{%- set desks = [
    ('stg_zendesk__tickets', 'ticket_created', 'created_at', 'solved_at', 'ticket_type'),
    ('stg_zendesk__tickets_csv', 'ticket_created', 'created_at', 'solved_at', 'ticket_type'),
    ('stg_intercom__conversations', 'conversation_started', 'occurred_at', 'closed_at', 'cast(null as varchar)'),
] %}
with delivered as (
    {%- for model, interaction_type, opened_at, solved_at, case_type in desks %}
    select
        {{ compact_id(key_of(['source', 'record_key', "'" ~ interaction_type ~ "'"])) }} as touchpoint_id,
        {{ loop.index }} as export_rank,
        {{ opened_at }} as opened_at,
        {{ solved_at }} as solved_at,
        first_reply_seconds,
        reply_clock,
        reopens,
        {{ case_type }} as case_type,
        tags
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select *, row_number() over (partition by touchpoint_id order by export_rank) as choice
    from delivered
),

-- What happened after as_of is not known yet.
cases as (
    select
        touches.touchpoint_id,
        touches.customer_id,
        touches.customer_number,
        touches.source,
        touches.occurred_at as opened_at,
        {{ reporting_week('touches.occurred_at', 'parameters.time_zone') }} as week,
        {{ seconds_between('touches.occurred_at', 'parameters.as_of') }} as age_seconds,
        case
            when ranked.first_reply_seconds <= {{ seconds_between('touches.occurred_at', 'parameters.as_of') }}
                then ranked.first_reply_seconds
        end as first_reply_seconds,
        ranked.reply_clock,
        case
            when ranked.solved_at < parameters.as_of then {{ seconds_between('touches.occurred_at', 'ranked.solved_at') }}
        end as resolution_seconds,
        ranked.reopens,
        ranked.case_type,
        ranked.tags
    from ranked
    cross join {{ source('raw', 'run_parameters') }} as parameters
    inner join {{ ref('customer_touchpoints') }} as touches on ranked.touchpoint_id = touches.touchpoint_id
    where ranked.choice = 1
        and touches.direction = 'inbound'
        and not coalesce(touches.is_machine, false)
        and not coalesce(touches.is_internal_test, false)
)

select
    cases.*,
    journey_touches.journey_id,
    journey_touches.journey_number,
    -- Where the journey was before: asking for help is a proof of the stage experience itself.
    coalesce({{ stage_in_force('reached', "cases.opened_at - interval 1 microsecond") }}, 'none') as stage,
    coalesce(journeys.entry_channel, 'unknown') as entry_channel,
    coalesce(journeys.entry_device, 'unknown') as entry_device,
    coalesce(journeys.market, 'unknown') as market,
    coalesce(journeys.customer_type, 'unknown') as customer_type,
    {{ is_missed_contact('cases') }} as is_missed
from cases
left join {{ ref('journey_touches') }} as journey_touches on cases.touchpoint_id = journey_touches.touchpoint_id
left join {{ ref('funnel_journeys') }} as journeys
    on journeys.funnel = 'journey'
    and journey_touches.customer_number = journeys.customer_number
    and journey_touches.journey_number = journeys.journey_number
left join {{ ref('journeys') }} as reached on journey_touches.journey_id = reached.journey_id
