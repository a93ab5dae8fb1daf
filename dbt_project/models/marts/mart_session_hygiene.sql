with touchpoints as (
    select
        {{ reporting_week('touchpoints.occurred_at', 'parameters.time_zone') }} as week,
        touchpoints.session_number,
        touchpoints.is_machine,
        touchpoints.is_internal_test,
        coalesce(touchpoints.needs_review, false) as needs_review,
        coalesce(touchpoints.machine_rule, '(unstated)') as machine_rule,
        touchpoints.was_cut
    from {{ ref('customer_touchpoints') }} as touchpoints
    cross join {{ source('raw', 'run_parameters') }} as parameters
    -- A visit nobody may follow has no session.
    where touchpoints.session_number is not null
        or (touchpoints.interaction_type = 'page_view' and touchpoints.visitor_type is null)
),

totals as (
    select week, count(*) as touches from touchpoints group by week
),

named as (
    select 'robot' as hygiene_rule, machine_rule, * exclude (machine_rule) from touchpoints
    where is_machine or needs_review
    union all
    select 'robot', 'all', * exclude (machine_rule) from touchpoints where is_machine or needs_review
    union all
    select 'internal', 'all', * exclude (machine_rule) from touchpoints where is_internal_test
    union all
    select 'over_long', 'all', * exclude (machine_rule) from touchpoints where was_cut
    union all
    select 'unmeasured', 'all', * exclude (machine_rule) from touchpoints where session_number is null
),

counted as (
    select
        week,
        hygiene_rule,
        machine_rule,
        count(distinct case when hygiene_rule <> 'robot' or is_machine then session_number end) as sessions,
        count(case when hygiene_rule <> 'robot' or is_machine then 1 end) as touches,
        count(distinct case when needs_review then session_number end) as needs_review
    from named
    group by week, hygiene_rule, machine_rule
)

select
    counted.week,
    counted.hygiene_rule,
    counted.machine_rule,
    counted.sessions,
    counted.touches,
    cast(counted.touches as double) / totals.touches as share,
    counted.needs_review,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from counted
inner join totals on counted.week = totals.week
cross join {{ source('raw', 'run_parameters') }} as parameters
