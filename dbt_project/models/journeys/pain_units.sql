{{ config(materialized='view') }}
-- One row per customer's entry into a step, with how it ended: a move of a journey, a purchase, a contact. Visits with
-- friction are counted elsewhere, most of them are nobody's we know.
{%- set shared = 'week, unit_id, customer_id, customer_number, began_at, is_dropped, is_open, '
    ~ pain_breakdowns() | join(', ') %}
with moves as (
    select
        moves.entered_week as week,
        case when moves.funnel = 'journey' then moves.journey_id end as unit_id,
        moves.customer_id,
        moves.customer_number,
        moves.entered_at as began_at,
        not coalesce({{ seconds_between('moves.entered_at', 'moves.moved_at') }} <= moves.window_seconds, false)
            and {{ seconds_between('moves.entered_at', 'parameters.as_of') }} >= moves.window_seconds as is_dropped,
        not coalesce({{ seconds_between('moves.entered_at', 'moves.moved_at') }} <= moves.window_seconds, false)
            and {{ seconds_between('moves.entered_at', 'parameters.as_of') }} < moves.window_seconds as is_open,
        {%- for name in pain_breakdowns() %}
        moves.{{ name }},
        {%- endfor %}
        case when moves.funnel <> 'journey' then moves.funnel || ': ' else '' end
            || moves.from_stage || ' to ' || moves.to_stage as step,
        moves.from_stage,
        moves.window_seconds
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where not moves.is_overall
)

select 'transition' as kind, step, window_seconds, from_stage, {{ shared }} from moves
union all
select 'onboarding', 'onboarding', {{ var('onboarding_days') }} * 86400, 'purchase', {{ shared }}
from ({{ onboarding_units() }}) as units
union all
select 'support_contact', 'support_contact', {{ var('followup_days') }} * 86400, 'purchase', {{ shared }}
from ({{ contact_after_purchase_units() }}) as units
union all
select 'unresolved_support', 'unresolved_support', {{ var('support_solved_days') }} * 86400, 'experience', {{ shared }}
from ({{ missed_contact_units() }}) as units
