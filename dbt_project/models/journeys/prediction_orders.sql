-- Sales and what was taken back of them, each on its own day, so that no anchor knows of a refund that came after it.
-- `value` is what the sale is worth today: for labels only.
with facts as (
    select
        conversions.*,
        {{ reporting_date('conversions.occurred_at', 'parameters.time_zone') }} as day
    from {{ ref('customer_conversions') }} as conversions
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where conversions.customer_id is not null
        and not coalesce(conversions.is_test, false)
        and conversions.same_deal_as is null
),

voided as (
    select adjusts_conversion_id, min(day) as day from facts where conversion_type = 'void' group by adjusts_conversion_id
)

select
    facts.customer_id,
    facts.day,
    facts.conversion_type <> 'refund' as is_order,
    facts.net_amount_reporting as amount,
    voided.day as voided_on,
    facts.is_counted,
    facts.value
from facts
left join voided on facts.conversion_id = voided.adjusts_conversion_id
where facts.conversion_type in ('order', 'opportunity_won', 'refund')
