{{ config(meta={'dagster': {'ref': {'name': 'credits'}}}) }}
-- Each conversion is credited once in each model of credit: shares are one, values its value; and no fact is left out.
with summed as (
    select conversion_id, conversion_type, model, sum(credit) as credit, sum(value) as value
    from {{ ref('credits') }}
    where not is_influence
    group by conversion_id, conversion_type, model
),

models as (
    select distinct model from summed
)

select conversions.conversion_id, conversions.conversion_type, models.model
from {{ ref('attributed_conversions') }} as conversions
cross join models
left join summed
    on conversions.conversion_id = summed.conversion_id
    and conversions.conversion_type = summed.conversion_type
    and models.model = summed.model
where summed.credit is distinct from 1 or summed.value is distinct from conversions.value
