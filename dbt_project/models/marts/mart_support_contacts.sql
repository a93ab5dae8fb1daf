with contacts as (
    {{ contact_reason_of(ref('support_contacts')) }}
),

-- A tag of few cases might tell one.
sizes as (
    select source, reason, count(*) as contacts from contacts group by source, reason
)

select
    {{ id_text('contacts.touchpoint_id') }} as contact_id,
    contacts.customer_id,
    {{ id_text('contacts.journey_id') }} as journey_id,
    contacts.source,
    contacts.week,
    contacts.opened_at,
    contacts.stage,
    contacts.entry_channel,
    contacts.entry_device,
    contacts.customer_type,
    contacts.market,
    case when sizes.contacts >= 5 or contacts.reason = 'not_told' then contacts.reason else 'other' end as reason,
    cast(contacts.first_reply_seconds as double) as first_reply_seconds,
    contacts.reply_clock,
    cast(contacts.resolution_seconds as double) as resolution_seconds,
    contacts.reopens,
    contacts.is_missed,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from contacts
cross join {{ source('raw', 'run_parameters') }} as parameters
inner join sizes on contacts.source = sizes.source and contacts.reason = sizes.reason
