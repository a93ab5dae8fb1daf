with touchpoints as (
    select * from {{ ref('customer_touchpoints') }}
    where not coalesce(is_machine, false) and not coalesce(is_internal_test, false)
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

-- Systems that see visits at all; what others say of a campaign (a lead form, a mail) is no visit.
sites as (
    select distinct source from touchpoints where visitor_type is not null
),

tagged as (
    select
        {{ reporting_week('touchpoints.occurred_at', 'parameters.time_zone') }} as week,
        coalesce(touchpoints.channel, 'unassigned') as channel,
        -- A link may name its campaign by the platform's id.
        trim(coalesce(handles.campaign, touchpoints.campaign, touchpoints.campaign_id)) as campaign,
        -- Whoever denies measurement has no session: each page counts for itself.
        coalesce(
            cast(touchpoints.session_number as varchar),
            case when touchpoints.interaction_type = 'page_view' then cast(touchpoints.touchpoint_id as varchar) end
        ) as visit
    from touchpoints
    inner join sites on touchpoints.source = sites.source
    cross join parameters
    left join {{ ref('campaign_handles') }} as handles on touchpoints.campaign = handles.handle
    where coalesce(touchpoints.utm_source, touchpoints.utm_medium, cast(touchpoints.click_id as varchar)) is not null
)

select
    week,
    channel,
    lower(campaign) as campaign_key,
    max(campaign) as campaign,
    count(distinct visit) as tagged_visits
from tagged
where visit is not null
group by week, channel, lower(campaign)
