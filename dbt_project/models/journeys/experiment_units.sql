-- Who was assigned to what, person by person, and why somebody does not count. A person nobody has ever seen stays in: the
-- lot was drawn for all of them, and who was never heard of again has bought nothing.
with variants as (
    {{ listed_in_design('variants', 'variant', 'planned_share') }}
),

delivered as (
    select
        assigned.experiment_id,
        assigned.variant,
        assigned.assigned_at,
        identifiers.customer_id,
        coalesce(identifiers.customer_id, cast(assigned.identifier_value as varchar)) as unit_id,
        coalesce(identifiers.is_blocked, right(cast(assigned.identifier_value as varchar), 1) in ('2', '3'), true)
            as is_blocked,
        {{ is_our_own('assigned.identifier_value') }} as is_our_own,
        {{ reporting_date('assigned.assigned_at', 'parameters.time_zone') }} as assigned_on
    from {{ ref('experiment_assignments') }} as assigned
    cross join {{ source('raw', 'run_parameters') }} as parameters
    left join {{ source('identity', 'identifiers') }} as identifiers
        on assigned.identifier_type = identifiers.identifier_type
        and assigned.identifier_value = identifiers.identifier_value
),

people as (
    select
        experiment_id,
        coalesce(unit_id, 'nobody') as unit_id,
        max(customer_id) as customer_id,
        min(variant) as variant,
        count(distinct variant) as variants,
        count(*) as assignments,
        min(assigned_at) as assigned_at,
        min(assigned_on) as assigned_on,
        bool_or(is_blocked) as is_blocked,
        bool_or(is_our_own) as is_our_own
    from delivered
    group by experiment_id, coalesce(unit_id, 'nobody')
)

select
    people.experiment_id,
    people.unit_id,
    people.customer_id,
    people.variant,
    people.variants,
    people.assignments,
    people.assigned_at,
    case
        when designs.experiment_id is null then 'no_design'
        when people.variants > 1 then 'two_variants'
        when variants.variant is null then 'unknown_variant'
        when people.is_blocked then 'no_person'
        when people.is_our_own then 'our_own'
        when people.assigned_on < designs.starts_on or people.assigned_on > designs.ends_on then 'outside_dates'
    end as excluded_because
from people
left join {{ ref('experiment_designs') }} as designs on people.experiment_id = designs.experiment_id
left join variants on people.experiment_id = variants.experiment_id and people.variant = variants.variant
