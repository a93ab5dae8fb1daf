{{ tracked_orders(ref('stg_segment__events')) }}
