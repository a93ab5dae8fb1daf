with journeys as (
    select * from {{ ref('journeys') }}
),

stages as (
    select * from {{ ref('stages') }} where funnel = 'journey'
)

select
    {{ id_text('journeys.journey_id') }} as journey_id,
    journeys.customer_id,
    cast(journeys.journey_number as bigint) as journey_number,
    journeys.entered_at,
    journeys.entry_channel,
    journeys.awareness_at,
    journeys.consideration_at,
    journeys.purchase_at,
    journeys.experience_at,
    journeys.advocacy_at,
    stages.stage as furthest_stage,
    cast(journeys.completion as double) as completion,
    journeys.has_imputed_stage,
    journeys.is_reentry,
    cast(journeys.days_since_previous_journey as double) as days_since_previous_journey,
    journeys.has_regression,
    journeys.regressions,
    {%- for stage in ['awareness', 'consideration', 'purchase', 'experience', 'advocacy'] %}
    cast(journeys.{{ stage }}_seconds as double) as {{ stage }}_seconds,
    {%- endfor %}
    journeys.last_event_at,
    journeys.status
from journeys
inner join stages on journeys.furthest_stage_number = stages.stage_number
