{{ config(materialized='view') }}
-- The feature row: what was known of every customer at the end of each week. A rule may ask any column of it that
-- journey_pipeline/segment_rules.py lists. Never written: in a year's market it would be most of the warehouse.
select
    weeks.week,
    known.week_number,
    known.customer_number,
    coalesce(orders.order_count, 0) as order_count,
    orders.days_since_first_order,
    orders.days_since_last_order,
    orders.days_since_return_order,
    coalesce(orders.orders_in_year, 0) as orders_in_year,
    coalesce(orders.revenue_in_year, 0) as revenue_in_year,
    orders.recency_score,
    orders.frequency_score,
    orders.monetary_score,
    orders.rfm_code,
    orders.value_decile,
    coalesce(activity.is_active_week, false) as is_active_week,
    coalesce(activity.was_active_week, false) as was_active_week,
    case when customers.first_week_number <= weeks.week_number
        then weeks.week_number - customers.first_week_number end as weeks_since_first_event,
    activity.days_since_last_activity,
    {%- for measure in ['active_days_28', 'sessions_28', 'channels_28', 'product_views_28'] %}
    coalesce(activity.{{ measure }}, 0) as {{ measure }},
    {%- endfor %}
    activity.weeks_since_product_use,
    activity.weeks_since_product_view,
    activity.weeks_since_cart,
    activity.engagement_score,
    activity.main_channel,
    activity.main_channel_number,
    {%- for level in ['country', 'industry', 'plan'] %}
    customers.{{ level }},
    customers.{{ level }}_number,
    {%- endfor %}
    {%- for scale in attitude_scales() %}
    case when customers.attitude_{{ scale }}_at < weeks.ends_at then customers.attitude_{{ scale }} end as attitude_{{ scale }},
    {%- endfor %}
    weeks.is_latest
from {{ ref('segment_customer_weeks') }} as known
inner join {{ ref('segment_weeks') }} as weeks on known.week_number = weeks.week_number
inner join {{ ref('segment_customers') }} as customers on known.customer_number = customers.customer_number
left join {{ ref('segment_orders') }} as orders
    on known.customer_number = orders.customer_number and known.week_number = orders.week_number
left join {{ ref('segment_activity') }} as activity
    on known.customer_number = activity.customer_number and known.week_number = activity.week_number
