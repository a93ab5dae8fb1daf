{{ tracked_orders(ref('stg_snowplow__events')) }}
