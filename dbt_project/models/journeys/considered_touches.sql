{#- Every candidate that stands between the conversion before (of the same kind) and the conversion, as far back as the
longest lookback of the conversion's type, with the reason why it may earn nothing or none. -#}
with conversions as (
    select * from {{ ref('attributed_conversions') }} where customer_id is not null
),

touches as (
    select * from {{ ref('touch_candidates') }}
),

lookbacks as (
    select * from {{ ref('lookbacks') }}
),

longest as (
    select
        conversion_type,
        max(greatest(coalesce(click_lookback_seconds, 0), coalesce(view_lookback_seconds, 0))) as longest_seconds
    from lookbacks
    group by conversion_type
),

types as (
    select
        types.*,
        greatest(types.click_lookback_seconds, types.view_lookback_seconds, coalesce(longest.longest_seconds, 0))
            as longest_seconds
    from {{ ref('conversion_types') }} as types
    left join longest on types.conversion_type = longest.conversion_type
),

facts as (
    select distinct customer_id, based_on, conversion_id, occurred_at, earlier_conversions from conversions
),

kinds as (
    select distinct customer_id, based_on from facts
),

-- Touches and conversions stand in one line of time and are counted along it: a join of each with each would be
-- quadratic in a customer's touches. At one instant the touch comes first: it may have led to the conversion.
line as (
    select
        touches.customer_id,
        kinds.based_on,
        touches.touched_at as step_at,
        touches.touchpoint_id as step_id,
        0 as step_kind,
        touches.channel,
        touches.campaign,
        touches.touch_type,
        touches.exclusion
    from touches
    inner join kinds on touches.customer_id = kinds.customer_id
    union all
    select journeys.customer_id, kinds.based_on, journeys.consideration_at, journeys.journey_id, 1, null, null, null, null
    from {{ ref('journeys') }} as journeys
    inner join kinds on journeys.customer_id = kinds.customer_id
    where journeys.consideration_at is not null
    union all
    select customer_id, based_on, occurred_at, conversion_id, 2, null, null, null, null
    from facts
),

counted as (
    select
        *,
        count(case when step_kind = 2 then 1 end) over (
            partition by customer_id, based_on order by step_at, step_kind, step_id rows unbounded preceding
        ) as cycle
    from line
),

considerations as (
    select customer_id, based_on, cycle, max(step_at) as considered_at
    from counted
    where step_kind = 1
    group by customer_id, based_on, cycle
),

-- Whose touches a conversion may be credited with: those of its own cycle, or of every cycle its lookback reaches. One
-- key of customer, kind and cycle finds them: by the customer alone each touch would meet each conversion.
reach as (
    select *, earlier_conversions as cycle from conversions
    union all
    select conversions.*, facts.earlier_conversions
    from conversions
    inner join types
        on conversions.conversion_type = types.conversion_type and not types.starts_new_cycle
    inner join facts
        on conversions.customer_id = facts.customer_id
        and conversions.based_on = facts.based_on
        and conversions.earlier_conversions > facts.earlier_conversions
        and {{ seconds_between('facts.occurred_at', 'conversions.occurred_at') }} <= types.longest_seconds
),

met as (
    select
        reach.*,
        counted.step_id as touchpoint_id,
        counted.step_at as touched_at,
        counted.channel,
        counted.campaign,
        counted.touch_type,
        counted.exclusion,
        {{ seconds_between('counted.step_at', 'reach.occurred_at') }} as seconds_before
    from reach
    inner join counted
        on reach.customer_id = counted.customer_id
        and reach.based_on = counted.based_on
        and reach.cycle = counted.cycle
    where counted.step_kind = 0
),

pairs as (
    select
        met.*,
        met.seconds_before <= {{ lookback_seconds('met', 'types', 'lookbacks') }} as is_in_lookback,
        types.max_steps,
        considerations.considered_at
    from met
    inner join types
        on met.conversion_type = types.conversion_type and met.seconds_before <= types.longest_seconds
    left join lookbacks on met.conversion_type = lookbacks.conversion_type and met.channel = lookbacks.channel
    left join considerations
        on met.customer_id = considerations.customer_id
        and met.based_on = considerations.based_on
        and met.earlier_conversions = considerations.cycle
),

judged as (
    select
        pairs.* exclude (exclusion),
        case
            when pairs.exclusion is not null then pairs.exclusion
            when not pairs.is_in_lookback then 'outside the lookback'
        end as reason
    from pairs
),

-- Clicks are counted among clicks and views among views: a view must not take a click's place.
numbered as (
    select
        *,
        row_number() over path as place,
        count(*) over (partition by conversion_id, conversion_type, touch_type, reason is null) as places,
        coalesce(lead(touched_at) over path > considered_at, true) as is_last_before_consideration
    from judged
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
