-- The golden record: of each attribute the value that survives. A verified source goes before one that is not, then the
-- source named first in the seed, then the latest observation; what else was said is counted.
with observed as (
    select
        identifiers.customer_id,
        attributes.source,
        attributes.attribute as source_attribute,
        attributes.value,
        max(attributes.observed_at) as observed_at
    from {{ ref('profile_attributes') }} as attributes
    inner join {{ source('identity', 'identifiers') }} as identifiers
        on attributes.identifier_type = identifiers.identifier_type
        and attributes.identifier_value = identifiers.identifier_value
    where identifiers.customer_id is not null
    group by identifiers.customer_id, attributes.source, attributes.attribute, attributes.value
),

-- A source that has a line of its own follows that, any other the line of `any`. One country has one name.
named as (
    select
        observed.* exclude (value),
        coalesce(own.attribute, other.attribute) as attribute,
        case
            when coalesce(own.attribute, other.attribute) = 'country'
                then coalesce(country_names.country_code, observed.value)
            else observed.value
        end as value,
        coalesce(own.priority, other.priority) as priority,
        coalesce(own.is_verified, other.is_verified) as is_verified
    from observed
    left join {{ ref('attribute_sources') }} as own
        on observed.source = own.source and observed.source_attribute = own.source_attribute
    left join {{ ref('attribute_sources') }} as other
        on other.source = 'any' and observed.source_attribute = other.source_attribute
    left join {{ ref('country_names') }} as country_names
        on lower(trim(observed.value)) = country_names.country_name
    where coalesce(own.attribute, other.attribute) is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, attribute
            order by is_verified desc, priority, observed_at desc, source, source_attribute, value
        ) as place,
        count(distinct value) over (partition by customer_id, attribute) as values_told
    from named
)

select customer_id, attribute, value, source, source_attribute, is_verified, observed_at, values_told
from ranked
where place = 1
