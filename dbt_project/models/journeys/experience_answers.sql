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
        lead(scores.answered_at) over (
            partition by
                coalesce(identifiers.customer_id, scores.score_id),
                scores.definition_id,
                scores.family,
                coalesce(scores.about_ref, '')
            order by scores.answered_at, scores.score_id
        ) as replaced_at
    from scores
    cross join parameters
    left join identifiers
        on scores.identifier_type = identifiers.identifier_type
        and scores.identifier_value = identifiers.identifier_value
)

select
    owned.* exclude (replaced_at),
    case when owned.instrument = 'NPS' then 'advocacy' else 'experience' end as stage,
    -- Recommendation is scored on 0 to 10 alone; the same question on another scale has no published score.
    {{ is_nps_scale('owned') }} and owned.score >= 9 as is_promoter,
    {{ is_nps_scale('owned') }} and owned.score <= 6 as is_detractor,
    coalesce(owned.score - owned.scale_min + 1 >= boxes.positive_from, false) as is_positive,
    {{ is_nps_scale('owned') }} or boxes.positive_from is not null as is_scored
from owned
left join {{ ref('positive_boxes') }} as boxes
    on owned.instrument = boxes.instrument and owned.scale_max - owned.scale_min + 1 = boxes.points
-- One voice a person: an answer counts until the same customer answers the same about the same within 30 days. Counted
-- from the answers themselves: windows counted from the end of a run would give an old week other numbers every week.
where owned.replaced_at is null or {{ seconds_between('owned.answered_at', 'owned.replaced_at') }} >= 2592000
