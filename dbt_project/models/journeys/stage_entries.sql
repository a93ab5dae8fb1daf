{{ config(materialized='view') }}
with entries as (
    select
        step_times.funnel,
        step_times.mode,
        step_times.customer_id,
        step_times.journey_number,
        stages.stage_number,
        stages.stage,
        {{ of_step('step_times.at', 'stages.stage_number') }} as entered_at,
        {{ of_step('step_times.is_imputed', 'stages.stage_number') }} as is_imputed,
        {{ of_step('step_times.week', 'stages.stage_number') }} as week
    from {{ ref('step_times') }} as step_times
    inner join {{ ref('stages') }} as stages on step_times.funnel = stages.funnel and not stages.is_exclusion
)

select * from entries where entered_at is not null
