{{ config(meta={'dagster': {'ref': {'name': 'conversion_types'}}}) }}
-- A type of first or repeated facts is cut out of one that counts them all, and a model of one's own has a name of its own.
select conversion_type as name
from {{ ref('conversion_types') }}
where based_on not in (select based_on from {{ ref('conversion_types') }} where occurrence = 'any' and based_on is not null)
union all
select model from {{ ref('custom_credit_rules') }}
where model in ('{{ credit_rules().keys() | join("', '") }}')
    or first_weight < 0 or middle_weight < 0 or last_weight < 0 or first_weight + last_weight <= 0
