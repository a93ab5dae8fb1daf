with touchpoints as (
    select * from {{ ref('customer_touchpoints') }} where session_id is not null
),

touches as (
    select * from {{ ref('session_touches') }} where touch_number = 1
),

summed as (
    select
        session_id,
        min(customer_id) as customer_id,
        min(visitor_hash) as visitor_hash,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as touchpoint_count,
        count(*) filter (where interaction_type = 'page_view') as page_view_count,
        min(device_category) as device_category,
        max(case when interaction_type = 'purchase' then 1 else 0 end) = 1 as has_order,
        bool_or(coalesce(is_machine, false)) as is_machine,
        min(machine_rule) as machine_rule,
        bool_or(coalesce(needs_review, false)) as needs_review,
        bool_or(coalesce(is_internal_test, false)) as is_internal_test,
        bool_or(was_cut) as was_cut
    from touchpoints
    group by session_id
)

select
    summed.*,
    touches.channel,
    touches.campaign,
    -- GA4's rule: more than ten seconds, two page views, or a key event.
    {{ seconds_between('summed.started_at', 'summed.ended_at') }} > 10
        or summed.page_view_count >= 2
        or summed.has_order as is_engaged
from summed
left join touches on summed.session_id = touches.session_id
