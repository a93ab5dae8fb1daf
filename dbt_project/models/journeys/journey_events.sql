{{ config(materialized='view') }}
select events.*, stages.stage, stages.is_exclusion
from {{ ref('funnel_events') }} as events
inner join {{ ref('stages') }} as stages on events.funnel = stages.funnel and events.stage_number = stages.stage_number
where events.funnel = 'journey'
