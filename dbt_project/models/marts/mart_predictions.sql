select
    cast(scores.customer_id as varchar) as customer_id,
    cast(scores.target as varchar) as target,
    cast(scores.outcome as varchar) as outcome,
    cast(scores.value as double) as value,
    cast(scores.low as double) as low,
    cast(scores.high as double) as high,
    cast(scores.reason as varchar) as reason,
    cast(case when scores.outcome is not null then models.model end as varchar) as model,
    cast(case when scores.outcome is not null then models.is_baseline end as boolean) as is_baseline,
    cast(models.scores_from as date) as scored_from,
    -- The next run replaces it.
    cast(models.scores_from + interval 7 day as date) as valid_until,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'prediction_scores') }} as scores
inner join {{ source('measures', 'prediction_models') }} as models on scores.target = models.target
cross join {{ source('raw', 'run_parameters') }} as parameters
