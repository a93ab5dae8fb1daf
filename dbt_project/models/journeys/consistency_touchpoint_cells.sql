-- How each touchpoint was rated in the 90 days to the end of the week.
select
    week,
    family,
    instrument,
    definition_id,
    cast(sum(scored) as bigint) as answers,
    cast(sum(positives) as bigint) as positives,
    sum(score_share_sum) as score_share_sum
from {{ ref('rated_touchpoints') }}
where scored > 0
group by week, family, instrument, definition_id
