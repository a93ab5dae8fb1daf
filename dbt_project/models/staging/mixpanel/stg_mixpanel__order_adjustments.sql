{{ tracked_adjustments(ref('stg_mixpanel__events'), ref('stg_mixpanel__orders')) }}
