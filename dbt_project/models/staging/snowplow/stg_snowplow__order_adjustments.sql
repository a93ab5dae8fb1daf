{{ tracked_adjustments(ref('stg_snowplow__events'), ref('stg_snowplow__orders')) }}
