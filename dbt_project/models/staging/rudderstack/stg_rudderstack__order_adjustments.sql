{{ tracked_adjustments(ref('stg_rudderstack__events'), ref('stg_rudderstack__orders')) }}
