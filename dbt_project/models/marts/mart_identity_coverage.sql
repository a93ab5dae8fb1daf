-- How much of what each source tells can be given to anybody, and to a person rather than a browser, week by week.
with persons as (
    select distinct identifiers.customer_id
    from {{ source('identity', 'identifiers') }} as identifiers
    inner join {{ ref('identifier_types') }} as types on identifiers.identifier_type = types.identifier_type
    where types.strength <> 'click' and not types.is_device and identifiers.customer_id is not null
)

select
    {{ reporting_week('touchpoints.occurred_at', 'parameters.time_zone') }} as week,
    touchpoints.source,
    count(*) as touchpoints,
    count(touchpoints.customer_id) as with_identifier,
    count(persons.customer_id) as with_person,
    count(touchpoints.customer_id) / count(*) as identifier_share,
    count(persons.customer_id) / count(*) as person_share,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ ref('customer_touchpoints') }} as touchpoints
cross join {{ source('raw', 'run_parameters') }} as parameters
left join persons on touchpoints.customer_id = persons.customer_id
where not touchpoints.is_machine
group by week, touchpoints.source, parameters.as_of
