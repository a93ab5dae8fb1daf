{{ attributed_messages(ref('stg_segment__messages')) }}
