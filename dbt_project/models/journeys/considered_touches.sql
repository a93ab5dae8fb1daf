{#- Every candidate that stands between the conversion before (of the same kind) and the conversion, as far back as the
longest lookback of the conversion's type: its place among those that may earn, or the reason why it may not. -#}
with numbered as (
    select
        *,
        row_number() over path as place,
        -- Clicks are counted among clicks and views among views: a view must not take a click's place.
        count(*) over (partition by conversion_id, conversion_type, touch_type, reason is null) as places,
        coalesce(lead(touched_at) over path > considered_at, true) as is_last_before_consideration
    from {{ ref('reached_touches') }}
    window path as (
        partition by conversion_id, conversion_type, touch_type, reason is null order by touched_at, touchpoint_id
    )
)

select
    conversion_id,
    conversion_type,
    customer_id,
    occurred_at,
    week,
    value,
    touchpoint_id,
    touched_at,
    channel,
    campaign,
    place - greatest(places - coalesce(max_steps, places), 0) as position,
    least(places, coalesce(max_steps, places)) as touch_count,
    touch_type,
    seconds_before,
    -- The touch that brought the customer to consider: the last one until the stage was entered.
    touch_type = 'click' and coalesce(touched_at <= considered_at, false) and is_last_before_consideration as is_lead_touch,
    is_in_lookback,
    case when reason is null and places - place >= max_steps then 'beyond the step cap' else reason end as reason
from numbered
