with scores as (
    -- Attitudes say who somebody is, not how it was.
    select * from {{ ref('experience_scores') }} where is_complete and instrument <> 'ATTITUDE'
),

identifiers as (
    select * from {{ source('identity', 'identifiers') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

owned as (
    select
        scores.*,
        identifiers.customer_id,
        {{ reporting_week('scores.answered_at', 'parameters.time_zone') }} as week,
        -- One voice a person: the latest answer per customer, instrument, thing rated and 30 days.
        row_number() over (
            partition by
                coalesce(identifiers.customer_id, scores.score_id),
                scores.instrument,
                scores.family,
                coalesce(scores.about_ref, ''),
                cast(floor({{ seconds_between('scores.answered_at', 'parameters.as_of') }} / 2592000) as bigint)
            order by scores.answered_at desc, scores.score_id
        ) as answer_number
    from scores
    cross join parameters
    left join identifiers
        on scores.identifier_type = identifiers.identifier_type
        and scores.identifier_value = identifiers.identifier_value
)

select
    *,
    case when instrument = 'NPS' then 'advocacy' else 'experience' end as stage,
    instrument = 'NPS' and score >= 9 as is_promoter,
    instrument = 'NPS' and score <= 6 as is_detractor,
    -- Top box by scale: good of good and bad; 4 and 5 of five.
    instrument = 'CSAT' and score_share >= 0.75 as is_positive
from owned
where answer_number = 1
