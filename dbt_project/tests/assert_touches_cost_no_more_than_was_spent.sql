{{ config(meta={'dagster': {'ref': {'name': 'touch_costs'}}}) }}
-- What the touches of a day, channel and campaign cost is never more than what was spent.
with shared as (
    select
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as spend_date,
        touchpoints.channel,
        lower(trim(coalesce(touchpoints.campaign, touchpoints.campaign_id))) as campaign_key,
        sum(costs.cost_amount) as cost_amount
    from {{ ref('touch_costs') }} as costs
    inner join {{ ref('customer_touchpoints') }} as touchpoints on costs.touchpoint_id = touchpoints.touchpoint_id
    cross join {{ source('raw', 'run_parameters') }} as parameters
    group by
        spend_date, touchpoints.channel, lower(trim(coalesce(touchpoints.campaign, touchpoints.campaign_id)))
),

spent as (
    select
        spend_date,
        channel,
        lower(trim(coalesce(campaign, campaign_id))) as campaign_key,
        sum(cost_amount_reporting) as spend_amount
    from {{ ref('reported_spend') }}
    group by spend_date, channel, lower(trim(coalesce(campaign, campaign_id)))
)

select shared.spend_date, shared.channel, shared.campaign_key, shared.cost_amount, spent.spend_amount
from shared
left join spent
    on shared.spend_date = spent.spend_date
    and shared.channel = spent.channel
    and shared.campaign_key = spent.campaign_key
where spent.spend_amount is null
    or shared.cost_amount > spent.spend_amount
