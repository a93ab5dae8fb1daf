-- One row per journey: what the flags ask of it. Days and hours, empty where there is nothing to measure.
with channels as (
    select journey_id, count(distinct channel) as channels_used
    from {{ ref('journey_touches') }}
    where journey_id is not null
    group by journey_id
),

repeats as (
    select
        *,
        count(*) over (
            partition by customer_number, reason order by opened_at
            range between interval {{ var('repeated_contact_days') }} day preceding and current row
        ) as repeat_contacts
    from ({{ contact_reason_of(ref('support_contacts')) }}) as contacts
    where journey_id is not null
),

contacts as (
    select
        journey_id,
        max(first_reply_seconds) / 3600.0 as support_first_response_hours,
        case
            when bool_or(is_missed) then false
            when count(*) filter (where is_missed is null) = 0 then true
        end as support_resolved,
        max(repeat_contacts) as repeat_contacts_7d,
        min(age_seconds) / 86400.0 as days_since_contact
    from repeats
    group by journey_id
)

select
    journeys.journey_id,
    journeys.customer_id,
    journeys.customer_number,
    journeys.entry_week,
    followups.week as purchase_week,
    kinds.entry_channel,
    kinds.entry_device,
    kinds.customer_type,
    kinds.market,
    coalesce(channels.channels_used, 0) as channels_used,
    case when channels.channels_used >= 2 then coalesce(handoffs.lost, 0) = 0 end as handoff_context_kept,
    {{ seconds_between('journeys.awareness_at', 'journeys.purchase_at') }} / 86400.0 as days_to_purchase,
    followups.age_seconds / 86400.0 as days_since_purchase,
    followups.value_seconds / 86400.0 as days_to_first_value,
    followups.contact_seconds / 86400.0 as days_to_contact,
    coalesce(followups.outbound_seconds <= {{ var('followup_days') }} * 86400, false) as post_purchase_contact_14d,
    followups.survey_seconds / 86400.0 as days_to_first_followup,
    contacts.support_first_response_hours,
    contacts.support_resolved,
    coalesce(contacts.repeat_contacts_7d, 0) as repeat_contacts_7d,
    contacts.days_since_contact,
    coalesce(answers.bad_answers, 0) as bad_answers,
    answers.bad_answer_age_seconds / 86400.0 as days_since_bad_answer,
    answers.silence_seconds / 86400.0 as days_silent_after_bad_answer,
    coalesce(answers.csat_answers, 0) as csat_answers,
    coalesce(answers.positives, 0) as positives
from {{ ref('journeys') }} as journeys
inner join {{ ref('funnel_journeys') }} as kinds
    on kinds.funnel = 'journey'
    and journeys.customer_number = kinds.customer_number
    and journeys.journey_number = kinds.journey_number
left join channels on journeys.journey_id = channels.journey_id
left join {{ ref('journey_handoffs') }} as handoffs on journeys.journey_id = handoffs.journey_id
left join {{ ref('purchase_followups') }} as followups on journeys.journey_id = followups.journey_id
left join contacts on journeys.journey_id = contacts.journey_id
left join {{ ref('journey_answers') }} as answers
    on journeys.customer_number = answers.customer_number and journeys.journey_number = answers.journey_number
