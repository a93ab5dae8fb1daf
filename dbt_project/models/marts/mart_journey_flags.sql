select
    {{ id_text('journey_id') }} as journey_id,
    customer_id,
    entry_week,
    purchase_week,
    entry_channel,
    entry_device,
    customer_type,
    market,
    channels_used,
    handoff_context_kept,
    cast(days_to_purchase as double) as days_to_purchase,
    cast(days_to_first_value as double) as days_to_first_value,
    cast(days_to_contact as double) as days_to_contact,
    coalesce(days_to_contact <= {{ var('followup_days') }}, false) as contacted_after_purchase,
    post_purchase_contact_14d,
    cast(days_to_first_followup as double) as days_to_first_followup,
    cast(support_first_response_hours as double) as support_first_response_hours,
    support_resolved,
    repeat_contacts_7d,
    bad_answers,
    cast(days_silent_after_bad_answer as double) as days_silent_after_bad_answer
    {%- for flag in pain_flag_names() %},
    {{ flag }}
    {%- endfor %}
from {{ ref('journey_flags') }}
