{{ config(materialized='view') }}
select
    touchpoint_id,
    customer_id,
    session_id,
    touched_at,
    channel,
    campaign,
    touch_type,
    touch_number
from {{ ref('touch_candidates') }}
where exclusion is null
