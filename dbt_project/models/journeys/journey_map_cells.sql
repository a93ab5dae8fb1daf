{%- set stages = ['awareness', 'consideration', 'purchase', 'experience', 'advocacy'] -%}
{#- The window of a step stands with the stage it leads to. -#}
with touches as (
    select * from {{ ref('journey_touches') }}
),

journeys as (
    select * from {{ ref('journeys') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

stages as (
    select
        *,
        lead(window_seconds) over (order by stage_number) as next_window_seconds
    from {{ ref('stages') }}
    where funnel = 'journey' and not is_exclusion
),

answers as (
    select * from {{ ref('experience_answers') }}
),

-- One row per customer, journey, week and kind of touch, with the first of them. A touch before the first journey has
-- no stage and is counted all the same.
met as (
    select
        {{ reporting_week('touches.occurred_at', 'parameters.time_zone') }} as week,
        coalesce(touches.stage, 'none') as stage,
        touches.family,
        touches.interaction_type,
        touches.customer_id,
        touches.journey_id,
        min(touches.occurred_at) as first_at,
        count(*) as touches
    from touches
    cross join parameters
    group by
        {{ reporting_week('touches.occurred_at', 'parameters.time_zone') }},
        touches.stage,
        touches.family,
        touches.interaction_type,
        touches.customer_id,
        touches.journey_id
),

windowed as (
    select
        met.*,
        stages.next_window_seconds as window_seconds,
        case met.stage
            {%- for stage in stages[:-1] %}
            when '{{ stage }}' then journeys.{{ stages[loop.index] }}_at
            {%- endfor %}
        end as moved_at
    from met
    left join journeys on met.journey_id = journeys.journey_id
    left join stages on met.stage = stages.stage
),

volumes as (
    select
        week,
        stage,
        family,
        interaction_type,
        window_seconds,
        cast(sum(touches) as bigint) as touches,
        count(distinct customer_id) as customers,
        count(journey_id) as journeys,
        -- From the first of these touches on: what such a touch was followed by.
        count(*) filter (where {{ seconds_between('first_at', 'moved_at') }} <= window_seconds) as converted
    from windowed
    group by week, stage, family, interaction_type, window_seconds
),

felt as (
    select
        week,
        stage,
        family,
        count(*) as answers,
        cast(sum(score_share) as double) as score_share_sum,
        count(*) filter (where score_share <= 0.25) as pained_answers
    from answers
    group by week, stage, family
),

-- A thing that was rated and not touched in that week still shows how it felt.
unseen as (
    select felt.week, felt.stage, felt.family
    from felt
    left join volumes
        on felt.week = volumes.week and felt.stage = volumes.stage and felt.family = volumes.family
    where volumes.week is null
),

rows_of_map as (
    select * from volumes
    union all
    select week, stage, family, 'none', null, 0, 0, 0, 0 from unseen
)

select
    rows_of_map.*,
    coalesce(felt.answers, 0) as answers,
    felt.score_share_sum,
    coalesce(felt.pained_answers, 0) as pained_answers,
    stages.owner
from rows_of_map
left join stages on rows_of_map.stage = stages.stage
left join felt
    on rows_of_map.week = felt.week and rows_of_map.stage = felt.stage and rows_of_map.family = felt.family
