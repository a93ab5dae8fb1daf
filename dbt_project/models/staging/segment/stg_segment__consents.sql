{{ tracked_consents(ref('stg_segment__events')) }}
