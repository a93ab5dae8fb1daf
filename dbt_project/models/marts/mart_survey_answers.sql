select
    answers.score_id as answer_id,
    answers.customer_id,
    answers.week,
    answers.answered_at,
    answers.stage,
    answers.family,
    answers.instrument,
    answers.definition_id,
    answers.score,
    answers.scale_min,
    answers.scale_max,
    answers.is_scored,
    answers.is_positive,
    answers.is_promoter,
    answers.is_detractor,
    answers.weight,
    answers.comment is not null as has_comment,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('weighted_answers') }} as answers
cross join {{ source('raw', 'run_parameters') }} as parameters
