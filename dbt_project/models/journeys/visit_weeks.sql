-- One row per customer, week and channel with visits; robots and our own people are nobody's visits.
with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

visits as (
    select
        customers.customer_number,
        sessions.channel,
        {{ reporting_week('sessions.started_at', 'parameters.time_zone') }} as week
    from {{ ref('sessions') }} as sessions
    cross join parameters
    inner join {{ ref('customer_numbers') }} as customers on sessions.customer_id = customers.customer_id
    where not coalesce(sessions.is_machine, false)
        and not coalesce(sessions.is_internal_test, false)
)

select
    customer_number,
    {{ week_number('week') }} as week_number,
    coalesce(channel, 'direct') as channel,
    count(*) as visits
from visits
group by all
