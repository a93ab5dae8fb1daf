-- How many were assigned to each arm, counted or left out, by reason; arms of a design that nobody was drawn into too.
with variants as (
    {{ listed_in_design('variants', 'variant', 'planned_share') }}
),

units as (
    select
        experiment_id,
        -- Somebody in two arms belongs to neither.
        case when excluded_because = 'two_variants' then '(two variants)' else variant end as variant,
        coalesce(excluded_because, 'counted') as counted_as,
        count(*) as units,
        sum(assignments) as assignments,
        min(assigned_at) as first_assigned_at,
        max(assigned_at) as last_assigned_at
    from {{ ref('experiment_units') }}
    group by all
)

select
    coalesce(variants.experiment_id, units.experiment_id) as experiment_id,
    coalesce(variants.variant, units.variant) as variant,
    coalesce(units.counted_as, 'counted') as counted_as,
    variants.planned_share,
    coalesce(units.units, 0) as units,
    cast(coalesce(units.assignments, 0) as bigint) as assignments,
    units.first_assigned_at,
    units.last_assigned_at
from variants
full join units on variants.experiment_id = units.experiment_id and variants.variant = units.variant
