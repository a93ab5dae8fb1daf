-- Who is at risk of converting, since when, and what was known of them before the touches that the model weighs.
with days as (
    select
        *,
        {{ day_start('cast(starts_on - interval ' ~ var('hazard_stock_days') ~ ' day as date)', 'time_zone') }} as exposed_from
    from {{ ref('hazard_window') }}
),

conversions as (
    select customer_id, conversion_type, occurred_at, value
    from {{ ref('customer_conversions') }}
    where is_counted and customer_id is not null
),

seen as (
    select customer_id, occurred_at
    from {{ ref('customer_touchpoints') }}
    where customer_id is not null
        and not coalesce(is_machine, false)
        and not coalesce(is_internal_test, false)
    union all
    select customer_id, occurred_at from conversions
),

known as (
    select customer_id, min(occurred_at) as first_at from seen group by customer_id
),

bought as (
    select
        conversions.customer_id,
        count(*) as prior_conversions,
        sum(conversions.value) as prior_value
    from conversions
    cross join days
    where conversions.conversion_type in ('order', 'opportunity_won') and conversions.occurred_at < days.exposed_from
    group by conversions.customer_id
),

agreed as (
    select distinct consents.customer_id
    from {{ ref('customer_consents') }} as consents
    cross join days
    where consents.purpose = 'email_marketing'
        and consents.state = 'granted'
        and consents.valid_from < days.exposed_from
        and (consents.valid_to is null or consents.valid_to > days.exposed_from)
),

business as (
    select distinct customer_id from {{ ref('account_members') }} where account_kind = 'company'
)

select
    known.customer_id,
    {{ reporting_date('known.first_at', 'days.time_zone') }} as known_from,
    ln(1.0 + coalesce(bought.prior_conversions, 0)) as prior_conversions,
    ln(1.0 + greatest(coalesce(cast(bought.prior_value as double), 0.0), 0.0)) as value_tier,
    case when agreed.customer_id is null then 0.0 else 1.0 end as is_subscribed,
    case when business.customer_id is null then 0.0 else 1.0 end as is_business
from known
cross join days
left join bought on known.customer_id = bought.customer_id
left join agreed on known.customer_id = agreed.customer_id
left join business on known.customer_id = business.customer_id
where {{ reporting_date('known.first_at', 'days.time_zone') }} < days.ends_before
