{{ config(materialized='view') }}
select * exclude (position, touch_count, is_lead_touch)
from {{ ref('considered_touches') }}
where reason is not null
