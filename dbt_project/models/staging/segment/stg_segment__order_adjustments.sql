{{ tracked_adjustments(ref('stg_segment__events'), ref('stg_segment__orders')) }}
