-- What each metric of a design says of each person who counts: within so many days after the assignment, and in a window
-- as long before it. All who were assigned are in it; who did nothing has 0.
with listed as (
    {{ listed_in_design('metrics', 'metric', 'smallest_effect') }}
),

metrics as (
    select
        experiment_id,
        metric,
        regexp_replace(metric, '_[0-9]+$', '') as kind,
        cast(regexp_extract(metric, '_([0-9]+)$', 1) as integer) as days
    from listed
),

windows as (
    select
        units.experiment_id,
        units.variant,
        units.unit_id,
        units.customer_id,
        units.assigned_at,
        metrics.metric,
        case when metrics.kind = 'purchase' then 'orders' else metrics.kind end as fact,
        -- Reached or not, once or often; money and numbers are added up.
        metrics.kind not in ('orders', 'revenue', 'visits') as is_share,
        metrics.days
    from {{ ref('experiment_units') }} as units
    inner join metrics on units.experiment_id = metrics.experiment_id
    where units.excluded_because is null
),

facts as (
    {{ experiment_facts() }}
),

added as (
    select
        windows.experiment_id,
        windows.unit_id,
        windows.metric,
        sum(facts.amount) filter (where facts.occurred_at >= windows.assigned_at) as after_amount,
        sum(facts.amount) filter (where facts.occurred_at < windows.assigned_at) as before_amount
    from windows
    inner join facts
        on windows.customer_id = facts.customer_id
        and windows.fact = facts.kind
        and {{ seconds_between('windows.assigned_at', 'facts.occurred_at') }}
            between -86400.0 * windows.days and 86400.0 * windows.days
    group by windows.experiment_id, windows.unit_id, windows.metric
)

select
    windows.experiment_id,
    windows.variant,
    windows.unit_id,
    windows.metric,
    windows.is_share,
    -- A window that ends with the week is over with it.
    {{ reporting_week('windows.assigned_at + interval 1 day * windows.days - interval 1 microsecond', 'parameters.time_zone') }} as complete_week,
    {{ seconds_between('windows.assigned_at', 'parameters.as_of') }} >= 86400.0 * windows.days as is_complete,
    -- Decimals: their sums do not depend on the order of rows.
    {%- for side, name in [('after', 'outcome'), ('before', 'outcome_before')] %}
    cast(case
        when windows.is_share then case when added.{{ side }}_amount > 0 then 1 else 0 end
        else coalesce(added.{{ side }}_amount, 0)
    end as decimal(18, 4)) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from windows
cross join {{ source('raw', 'run_parameters') }} as parameters
left join added
    on windows.experiment_id = added.experiment_id
    and windows.unit_id = added.unit_id
    and windows.metric = added.metric
