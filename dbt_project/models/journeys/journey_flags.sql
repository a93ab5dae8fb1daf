-- One row per journey and its flags. Empty is not judgeable yet, or never: a journey without a purchase has no onboarding.
select
    *,
    coalesce(channels_used >= 2 and not handoff_context_kept, false) as disconnected_channels,
    days_to_purchase > {{ var('long_cycle_days') }} as long_cycle,
    case
        when days_to_first_value <= {{ var('onboarding_days') }} then false
        when days_since_purchase >= {{ var('onboarding_days') }} then true
    end as poor_onboarding,
    case
        when support_first_response_hours > {{ var('support_reply_hours') }}
            or not support_resolved
            or repeat_contacts_7d >= {{ var('repeated_contacts') }} then true
        -- Every contact is answered and solved, or there was none; what may still be is not judged.
        when support_resolved or repeat_contacts_7d = 0 then false
    end as missing_support,
    case
        when post_purchase_contact_14d or days_to_first_followup <= {{ var('followup_days') }} then false
        when days_since_purchase >= {{ var('followup_days') }} then true
    end as no_follow_up,
    case
        when repeat_contacts_7d >= {{ var('repeated_contacts') }} then true
        when repeat_contacts_7d = 0 or days_since_contact > {{ var('repeated_contact_days') }} then false
    end as repeated_contact,
    case
        when bad_answers = 0 or days_silent_after_bad_answer <= {{ var('bad_answer_silence_days') }} then false
        when days_since_bad_answer > {{ var('bad_answer_silence_days') }} then true
    end as drop_off_after_bad_answer
from {{ ref('journey_flag_facts') }}
