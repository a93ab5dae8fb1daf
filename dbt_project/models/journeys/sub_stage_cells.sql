with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

told as (
    select customer_number, journey_number, occurred_at, stage, sub_stage
    from {{ ref('journey_events') }}
    where not is_exclusion
    union all
    select journeys.customer_number, journeys.journey_number, touches.occurred_at, touches.stage, touches.sub_stage
    from {{ ref('sub_stage_touches') }} as touches
    inner join {{ ref('journeys') }} as journeys on touches.journey_id = journeys.journey_id
),

-- A journey counts once a week, however much it did.
seen as (
    select distinct
        {{ reporting_week('occurred_at', 'time_zone') }} as week,
        stage,
        sub_stage,
        customer_number,
        journey_number
    from told
    cross join parameters
),

in_stage as (
    select week, stage, count(*) as journeys
    from (select distinct week, stage, customer_number, journey_number from seen) as journeys_of_week
    group by week, stage
),

in_sub_stage as (
    select week, stage, sub_stage, count(*) as journeys
    from seen
    where sub_stage is not null
    group by week, stage, sub_stage
)

select
    in_sub_stage.week,
    in_sub_stage.stage,
    in_sub_stage.sub_stage,
    in_sub_stage.journeys,
    in_stage.journeys as journeys_in_stage
from in_sub_stage
inner join in_stage on in_sub_stage.week = in_stage.week and in_sub_stage.stage = in_stage.stage
