{{ config(meta={'dagster': {'ref': {'name': 'experiment_cells'}}}) }}
-- Everybody who counts in an experiment is in every metric of it, open windows included.
with counted as (
    select experiment_id, variant, sum(units) as people
    from {{ ref('experiment_arm_cells') }}
    where counted_as = 'counted'
    group by experiment_id, variant
)

select cells.experiment_id, cells.metric, cells.variant, sum(cells.units) as measured, max(counted.people) as people
from {{ ref('experiment_cells') }} as cells
left join counted on cells.experiment_id = counted.experiment_id and cells.variant = counted.variant
group by cells.experiment_id, cells.metric, cells.variant
having sum(cells.units) is distinct from max(counted.people)
