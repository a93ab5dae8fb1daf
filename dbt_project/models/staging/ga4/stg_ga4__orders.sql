{{ tracked_orders(ref('stg_ga4__events'), is_test='is_machine or is_internal_test') }}
