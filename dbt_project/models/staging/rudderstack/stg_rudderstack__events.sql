{{ attributed_messages(ref('stg_rudderstack__messages')) }}
