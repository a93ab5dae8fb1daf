with touchpoints as (
    select * from {{ ref('customer_touchpoints') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

spend as (
    select
        spend_date,
        channel,
        lower(trim(coalesce(campaign, campaign_id))) as campaign_key,
        cast(sum(cost_amount_reporting) as decimal(18, 6)) as spend_amount
    from {{ ref('reported_spend') }}
    group by spend_date, channel, lower(trim(coalesce(campaign, campaign_id)))
    having sum(cost_amount_reporting) > 0
),

-- A click came once, however many hits of its visit repeat the tags. Whoever denies measurement has no session: each
-- page counts for itself.
arrivals as (
    select
        {{ reporting_date('touchpoints.occurred_at', 'parameters.time_zone') }} as touch_date,
        touchpoints.channel,
        lower(trim(coalesce(touchpoints.campaign, touchpoints.campaign_id))) as campaign_key,
        min_by(touchpoints.touchpoint_id, (touchpoints.occurred_at, touchpoints.touchpoint_id)) as touchpoint_id
    from touchpoints
    cross join parameters
    where not touchpoints.is_machine
        and not touchpoints.is_internal_test
        and (touchpoints.session_number is not null or touchpoints.interaction_type = 'page_view')
    group by
        touch_date,
        touchpoints.channel,
        lower(trim(coalesce(touchpoints.campaign, touchpoints.campaign_id))),
        coalesce(cast(touchpoints.session_number as varchar), cast(touchpoints.touchpoint_id as varchar))
),

numbered as (
    select
        arrivals.touchpoint_id,
        spend.spend_amount,
        row_number() over (
            partition by arrivals.touch_date, arrivals.channel, arrivals.campaign_key order by arrivals.touchpoint_id
        ) as arrival_number,
        count(*) over (partition by arrivals.touch_date, arrivals.channel, arrivals.campaign_key) as arrival_count
    from arrivals
    inner join spend
        on arrivals.touch_date = spend.spend_date
        and arrivals.channel = spend.channel
        and arrivals.campaign_key = spend.campaign_key
)

-- Differences of rounded running shares: equal to a millionth, and together the spend to the last digit.
select
    touchpoint_id,
    cast(cast(spend_amount as double) * arrival_number / arrival_count as decimal(18, 6))
        - cast(cast(spend_amount as double) * (arrival_number - 1) / arrival_count as decimal(18, 6)) as cost_amount
from numbered
