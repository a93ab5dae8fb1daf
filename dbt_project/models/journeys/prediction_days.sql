-- What a customer did on a day. A customer with a million touches has no more rows than days.
with touches as (
    select
        touchpoints.customer_id,
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as day,
        touchpoints.session_number,
        touchpoints.family,
        touchpoints.interaction_type
    from {{ ref('customer_touchpoints') }} as touchpoints
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where touchpoints.customer_id is not null
        and not coalesce(touchpoints.is_machine, false)
        and not coalesce(touchpoints.is_internal_test, false)
        -- Sent to somebody is not done by somebody.
        and touchpoints.interaction_type not in ('email_sent', 'email_bounced', 'ad_viewed', 'ad_impression')
)

select
    customer_id,
    day,
    {%- for name, signal in prediction_signals().items() %}
    {{ signal_of_a_day(signal) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from touches
group by customer_id, day
