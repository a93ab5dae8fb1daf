-- Local midnights that features are told from: the run's own, and earlier ones by whole horizons, so that the labels of
-- one anchor end before those of the next begin.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

history as (
    select min(occurred_at) as first_at from {{ ref('customer_touchpoints') }} where customer_id is not null
),

steps as (
    {%- for days_back in prediction_steps() %}
    select cast({{ days_back }} as integer) as days_back
    {%- if not loop.last %} union all{% endif %}
    {%- endfor %}
),

dated as (
    select
        steps.days_back,
        cast({{ reporting_date('parameters.as_of', 'parameters.time_zone') }}
            - cast(steps.days_back as integer) * interval 1 day as date) as anchor_date,
        {{ reporting_date('history.first_at', 'parameters.time_zone') }} as first_date,
        parameters.time_zone
    from steps
    cross join parameters
    cross join history
    where history.first_at is not null
)

select
    days_back,
    anchor_date,
    {{ day_start('anchor_date', 'time_zone') }} as anchor_at,
    {{ days_between('first_date', 'anchor_date') }} as history_days,
    time_zone
from dated
where {{ days_between('first_date', 'anchor_date') }} >= {{ var('prediction_history_days') }}
