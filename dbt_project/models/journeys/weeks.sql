with touchpoints as (
    select min(occurred_at) as first_at from {{ ref('customer_touchpoints') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

first_and_last as (
    select
        {{ reporting_week('touchpoints.first_at', 'parameters.time_zone') }} as first_week,
        {{ reporting_week('parameters.as_of', 'parameters.time_zone') }} as end_week,
        parameters.time_zone
    from touchpoints
    cross join parameters
),

days as (
    select cast(unnest(generate_series(first_week, end_week - interval 7 day, interval 7 day)) as date) as week, time_zone
    from first_and_last
    where first_week is not null
)

select
    week,
    {{ day_start('week + interval 7 day', 'time_zone') }} as ends_at
from days
