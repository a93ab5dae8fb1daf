{{ tracked_consents(ref('stg_rudderstack__events')) }}
