with credits as (
    select * from {{ ref('credits') }}
),

by_bucket as (
    select
        week,
        conversion_type,
        model,
        is_influence,
        channel,
        campaign,
        {{ resampling_bucket("coalesce(customer_id, conversion_id)") }} as bucket,
        sum(credit) as credit,
        sum(value) as value
    from credits
    group by week, conversion_type, model, is_influence, channel, campaign, bucket
)

select
    week,
    conversion_type,
    model,
    is_influence,
    channel,
    campaign,
    sum(credit) as credit,
    sum(value) as value,
    -- Squares of the hundred groups' sums: all the delete-a-group jackknife needs.
    sum(cast(credit as decimal(18, 6)) * cast(credit as decimal(18, 6))) as bucket_credit_sum_squares,
    sum(cast(value as decimal(18, 2)) * cast(value as decimal(18, 2))) as bucket_value_sum_squares
from by_bucket
group by week, conversion_type, model, is_influence, channel, campaign
