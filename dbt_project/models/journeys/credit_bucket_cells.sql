select
    week,
    conversion_type,
    model,
    channel,
    {{ resampling_bucket("coalesce(customer_id, conversion_id)") }} % 20 as bucket,
    sum(credit) as credit
from {{ ref('credits') }}
where channel <> 'unattributed' and credit <> 0
group by week, conversion_type, model, channel, {{ resampling_bucket("coalesce(customer_id, conversion_id)") }} % 20
