{{ config(materialized='view') }}
-- What was known of people before they were assigned, beside what they did after: features of the latest anchor that is
-- not later than the assignment. Only shares, only who agreed to profiling; further back that is a sample of customers.
with placed as (
    select
        outcomes.experiment_id,
        outcomes.metric,
        outcomes.variant,
        outcomes.unit_id as customer_id,
        cast(outcomes.outcome as double) as outcome,
        min(anchors.days_back) as days_back
    from {{ ref('experiment_outcomes') }} as outcomes
    inner join {{ ref('experiment_units') }} as units
        on outcomes.experiment_id = units.experiment_id and outcomes.unit_id = units.unit_id
    inner join {{ ref('prediction_anchors') }} as anchors on anchors.anchor_at <= units.assigned_at
    where outcomes.is_complete and outcomes.is_share
    group by outcomes.experiment_id, outcomes.metric, outcomes.variant, outcomes.unit_id, outcomes.outcome
)

select placed.experiment_id, placed.metric, placed.variant, placed.outcome, features.*
from placed
inner join {{ ref('prediction_features') }} as features
    on placed.customer_id = features.customer_id and placed.days_back = features.days_back
where features.is_consented
