-- What customers said in the year to the end of the week: those who have left since (dormant by then) and the others. A score
-- of those who are still here forgets the others.
select
    week,
    instrument,
    definition_id,
    lifecycle = 'dormant' as has_left,
    cast(sum(population) as bigint) as customers,
    cast(sum(year_answers) as bigint) as answers,
    cast(sum(year_positives) as bigint) as positives,
    cast(sum(year_promoters) as bigint) as promoters,
    cast(sum(year_detractors) as bigint) as detractors
from {{ ref('response_cells') }}
group by week, instrument, definition_id, lifecycle = 'dormant'
