{{ tracked_orders(ref('stg_rudderstack__events')) }}
