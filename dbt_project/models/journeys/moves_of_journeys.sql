{{ config(materialized='view') }}
-- transitions_of_journeys without what is known of the journey: a count over all members needs no more.
with transitions as (
    select
        transitions.funnel,
        step_times.mode,
        step_times.customer_id,
        step_times.journey_number,
        transitions.from_stage,
        transitions.to_stage,
        transitions.from_number,
        transitions.to_number,
        transitions.window_seconds,
        {{ of_step('step_times.at', 'transitions.from_number') }} as entered_at,
        {{ of_step('step_times.at', 'transitions.to_number') }} as moved_at,
        {{ of_step('step_times.is_imputed', 'transitions.from_number') }}
        or {{ of_step('step_times.is_imputed', 'transitions.to_number') }} as is_imputed,
        transitions.is_overall
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('funnel_transitions') }} as transitions on step_times.funnel = transitions.funnel
)

select * from transitions where entered_at is not null
