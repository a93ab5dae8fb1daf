-- The days the hazard model is fitted on: the last weeks before the run, or the whole span when it is shorter.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

touches as (
    select min(touched_at) as first_at from {{ ref('marketing_touches') }}
)

select
    parameters.time_zone,
    greatest(
        cast({{ reporting_date('parameters.as_of', 'parameters.time_zone') }}
            - interval {{ var('hazard_window_days') }} day as date),
        {{ reporting_date('touches.first_at', 'parameters.time_zone') }}
    ) as starts_on,
    {{ reporting_date('parameters.as_of', 'parameters.time_zone') }} as ends_before
from parameters
cross join touches
where touches.first_at is not null
