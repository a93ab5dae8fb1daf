{{ tracked_orders(ref('stg_mixpanel__events')) }}
