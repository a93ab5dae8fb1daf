with orders as (
    select customer_id, conversion_id, occurred_at, value
    from {{ ref('customer_conversions') }}
    where is_counted
        and conversion_type in ('order', 'opportunity_won')
        and customer_id is not null
),

weeks as (
    select * from {{ ref('weeks') }}
),

gaps as (
    select
        *,
        {{ seconds_between('lag(occurred_at) over (partition by customer_id order by occurred_at, conversion_id)',
            'occurred_at') }} / 86400 as days_since_previous
    from orders
),

-- One row per customer and week that ends after the first order: as it was known at the end of that week.
summed as (
    select
        weeks.week,
        gaps.customer_id,
        min({{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }}) / 86400 as recency_days,
        max({{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }}) / 86400 as age_days,
        count(*) filter (
            where {{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }} <= {{ var('rfm_lookback_days') }} * 86400
        ) as frequency,
        coalesce(sum(gaps.value) filter (
            where {{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }} <= {{ var('rfm_lookback_days') }} * 86400
        ), 0) as monetary_value,
        bool_or(gaps.days_since_previous > {{ var('lifecycle_dormant_days') }}
            and {{ seconds_between('gaps.occurred_at', 'weeks.ends_at') }} <= {{ var('lifecycle_resurrected_days') }} * 86400
        ) as has_returned
    from weeks
    inner join gaps on gaps.occurred_at < weeks.ends_at
    group by weeks.week, gaps.customer_id
),

-- 1 + floor(5 * share of customers strictly worse): ties share a score, and no order of rows decides.
scored as (
    select
        *,
        1 + (5 * (rank() over (partition by week order by recency_days desc) - 1))
            // count(*) over (partition by week) as recency_score,
        1 + (5 * (rank() over (partition by week order by frequency) - 1))
            // count(*) over (partition by week) as frequency_score,
        1 + (5 * (rank() over (partition by week order by monetary_value) - 1))
            // count(*) over (partition by week) as monetary_score
    from summed
    where frequency > 0
)

select
    summed.week,
    summed.customer_id,
    summed.recency_days,
    summed.frequency,
    summed.monetary_value,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    coalesce(map.segment, 'not_rated') as rfm_segment,
    case
        when summed.age_days <= {{ var('lifecycle_new_days') }} then 'new'
        when summed.recency_days > {{ var('lifecycle_dormant_days') }} then 'dormant'
        when summed.recency_days > {{ var('lifecycle_at_risk_days') }} then 'at_risk'
        when coalesce(summed.has_returned, false) then 'resurrected'
        else 'current'
    end as lifecycle
from summed
left join scored on summed.week = scored.week and summed.customer_id = scored.customer_id
left join {{ ref('rfm_segments') }} as map
    on scored.recency_score = map.recency_score
    and scored.frequency_score = map.frequency_score
    and scored.monetary_score = map.monetary_score
