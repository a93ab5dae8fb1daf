-- When each journey entered each step, in each of the four modes; the whole length of time, before any window.
{%- set numbers = step_numbers() %}
{%- set last = numbers[-1] %}
{%- set grace = var('grace_seconds') %}
{%- set next_at -%}
min(case when turns.occurred_at is not null then greatest(turns.occurred_at, chain.required_at) end)
{%- endset %}
with turns as (
    select
        events.funnel,
        events.customer_number,
        events.journey_number,
        events.stage_number,
        events.occurred_at,
        stages.is_exclusion
    from {{ ref('funnel_events') }} as events
    inner join {{ ref('stages') }} as stages
        on events.funnel = stages.funnel and events.stage_number = stages.stage_number
    where events.is_turn
),

optional_steps as (
    select
        funnel
        {%- for k in numbers %},
        coalesce(bool_or(is_optional) filter (where stage_number = {{ k }}), false) as is_optional_{{ k }}
        {%- endfor %}
    from {{ ref('stages') }}
    where not is_exclusion
    group by funnel
),

firsts as (
    select
        funnel,
        customer_number,
        journey_number
        {%- for k in numbers %},
        min(occurred_at) filter (where stage_number = {{ k }}) as first_{{ k }}
        {%- endfor %}
    from turns
    where not is_exclusion
    group by funnel, customer_number, journey_number
),

-- reached: a later step proves an earlier one that nobody saw, at its own time. An optional step proves only itself, and
-- only before a later one.
reached as (
    select
        firsts.*
        {%- for k in numbers %},
        case
            when not is_optional_{{ k }} then {{ earliest_step('first', k, last) }}
            when first_{{ k }} <= coalesce({{ earliest_step('first', k + 1, last) }}, first_{{ k }}) then first_{{ k }}
        end as at_{{ k }}
        {%- endfor %}
    from firsts
    inner join optional_steps on firsts.funnel = optional_steps.funnel
),

-- sequential: the first event of a step after the required step before it; what comes between does not matter.
chain_1 as (
    select funnel, customer_number, journey_number, first_1 as at_1, first_1 as required_at
    from firsts
    where first_1 is not null and {{ earliest_step('first', 2, last) }} is not null
),
{% for k in numbers[1:] %}
chain_{{ k }} as (
    select
        chain.funnel,
        chain.customer_number,
        chain.journey_number
        {%- for passed in range(1, k) %},
        max(chain.at_{{ passed }}) as at_{{ passed }}
        {%- endfor %},
        {{ next_at }} as at_{{ k }},
        case
            when bool_or(optional_steps.is_optional_{{ k }}) then max(chain.required_at) else {{ next_at }}
        end as required_at
    from chain_{{ k - 1 }} as chain
    inner join optional_steps on chain.funnel = optional_steps.funnel
    left join turns
        on chain.funnel = turns.funnel
        and chain.customer_number = turns.customer_number
        and chain.journey_number = turns.journey_number
        and turns.stage_number = {{ k }}
        and not turns.is_exclusion
        and turns.occurred_at >= {{ seconds_later('chain.required_at', -grace) }}
    group by chain.funnel, chain.customer_number, chain.journey_number
),
{% endfor %}
sequential as (
    select
        chain.funnel,
        chain.customer_number,
        chain.journey_number
        {%- for k in numbers %},
        case
            when not is_optional_{{ k }}
                or at_{{ k }} <= coalesce({{ earliest_step('at', k + 1, last) }}, at_{{ k }}) then at_{{ k }}
        end as at_{{ k }}
        {%- endfor %}
    from chain_{{ last }} as chain
    inner join optional_steps on chain.funnel = optional_steps.funnel
    union all
    select
        funnel,
        customer_number,
        journey_number,
        first_1
        {%- for k in numbers[1:] %},
        null
        {%- endfor %}
    from firsts
    where first_1 is not null and {{ earliest_step('first', 2, last) }} is null
),

-- strict: sequential up to the first step that an event of another step comes in between. A step that is repeated is not
-- in between, and what comes within the grace counts in the order of the stages.
broken as (
    select
        chain.funnel,
        chain.customer_number,
        chain.journey_number,
        min(case
            {%- for k in numbers[1:] %}
            when turns.occurred_at < at_{{ k }} and (
                turns.stage_number > {{ k }}
                and turns.occurred_at > {{ latest_step('at', 1, k - 1) }}
                and turns.occurred_at < {{ seconds_later('at_' ~ k, -grace) }}
                or turns.stage_number < case
                    {%- for passed in range(k - 1, 0, -1) %} when at_{{ passed }} is not null then {{ passed }}
                    {%- endfor %} end
                and turns.occurred_at > {{ seconds_later(latest_step('at', 1, k - 1), grace) }}
            ) then {{ k }}
            {%- endfor %}
        end) as broken_at
    from sequential as chain
    inner join turns
        on chain.funnel = turns.funnel
        and chain.customer_number = turns.customer_number
        and chain.journey_number = turns.journey_number
    where {{ earliest_step('at', 2, last) }} is not null
    group by chain.funnel, chain.customer_number, chain.journey_number
),

modes as (
    select
        funnel,
        customer_number,
        journey_number,
        'reached' as mode
        {%- for k in numbers %},
        at_{{ k }}
        {%- endfor %}
        {%- for k in numbers %},
        at_{{ k }} is not null and coalesce(at_{{ k }} < first_{{ k }}, true) as is_imputed_{{ k }}
        {%- endfor %}
    from reached
    union all
    select
        funnel,
        customer_number,
        journey_number,
        'any_order'
        {%- for k in numbers %},
        first_{{ k }}
        {%- endfor %}
        {%- for k in numbers %},
        false
        {%- endfor %}
    from firsts
    union all
    select
        funnel,
        customer_number,
        journey_number,
        'sequential'
        {%- for k in numbers %},
        at_{{ k }}
        {%- endfor %}
        {%- for k in numbers %},
        false
        {%- endfor %}
    from sequential
    union all
    select
        sequential.funnel,
        sequential.customer_number,
        sequential.journey_number,
        'strict'
        {%- for k in numbers %},
        case when {{ k }} < coalesce(broken.broken_at, {{ last + 1 }}) then at_{{ k }} end
        {%- endfor %}
        {%- for k in numbers %},
        false
        {%- endfor %}
    from sequential
    left join broken
        on sequential.funnel = broken.funnel
        and sequential.customer_number = broken.customer_number
        and sequential.journey_number = broken.journey_number
),

-- An event that excludes ends the funnel there; the steps before it stay.
ends as (
    select modes.funnel, modes.mode, modes.customer_number, modes.journey_number, min(turns.occurred_at) as excluded_at
    from modes
    inner join turns
        on modes.funnel = turns.funnel
        and modes.customer_number = turns.customer_number
        and modes.journey_number = turns.journey_number
        and turns.is_exclusion
        and turns.occurred_at >= {{ earliest_step('modes.at', 1, last) }}
    group by modes.funnel, modes.mode, modes.customer_number, modes.journey_number
),

ended as (
    select
        modes.*,
        {{ earliest_step('at', 1, last) }} as entered_at,
        coalesce({{ seconds_later('ends.excluded_at', grace) }}, timestamp '9999-12-31') as last_at
    from modes
    left join ends
        on modes.funnel = ends.funnel
        and modes.mode = ends.mode
        and modes.customer_number = ends.customer_number
        and modes.journey_number = ends.journey_number
),

stopped as (
    select
        funnel,
        mode,
        customer_number,
        journey_number,
        entered_at
        {%- for k in numbers %},
        case when at_{{ k }} <= last_at then at_{{ k }} end as at_{{ k }}
        {%- endfor %}
        {%- for k in numbers %},
        coalesce(is_imputed_{{ k }} and at_{{ k }} <= last_at, false) as is_imputed_{{ k }}
        {%- endfor %}
    from ended
    where entered_at is not null
)

-- The weeks are told here once: turning an instant into a local week costs more than all that is done with it later.
select
    stopped.*
    {%- for k in numbers %},
    {{ reporting_week('at_' ~ k, 'time_zone') }} as week_{{ k }}
    {%- endfor %}
from stopped
cross join {{ source('raw', 'run_parameters') }} as parameters
