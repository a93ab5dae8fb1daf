-- What denied consent moves: linear credit without and with the touches it takes out, and how many they are.
with clicks as (
    select
        conversion_id,
        conversion_type,
        channel,
        case when reason = 'consent denied' then 1 else 0 end as is_denied,
        count(*) over path as all_clicks,
        sum(case when reason = 'consent denied' then 0 else 1 end) over path as kept_clicks
    from {{ ref('considered_touches') }}
    where touch_type = 'click' and is_in_lookback and (reason is null or reason in ('consent denied', 'beyond the step cap'))
    window path as (partition by conversion_id, conversion_type)
),

conversions as (
    select conversion_id, conversion_type, week from {{ ref('attributed_conversions') }}
),

shares as (
    select
        conversions.week,
        conversions.conversion_type,
        coalesce(clicks.channel, 'unattributed') as channel,
        case when clicks.channel is null then null else 1 end as touches,
        clicks.is_denied as denied_touches,
        case when clicks.channel is null then 1 when clicks.is_denied = 0 then 1.0 / clicks.kept_clicks else 0 end
            as credit,
        case when clicks.channel is null then 1 else 1.0 / clicks.all_clicks end as credit_with_denied
    from conversions
    left join clicks
        on conversions.conversion_id = clicks.conversion_id and conversions.conversion_type = clicks.conversion_type
    union all
    -- Whose only clicks were denied is unattributed, and would not be with them.
    select conversions.week, conversions.conversion_type, 'unattributed', null, null, 1, 0
    from conversions
    where exists (
        select 1 from clicks
        where clicks.conversion_id = conversions.conversion_id
            and clicks.conversion_type = conversions.conversion_type
            and clicks.kept_clicks = 0
    )
)

select
    shares.week,
    shares.conversion_type,
    shares.channel,
    cast(sum(shares.touches) as bigint) as touches,
    cast(sum(shares.denied_touches) as bigint) as denied_touches,
    cast(sum(shares.denied_touches) as double) / nullif(sum(shares.touches), 0) as denied_share,
    -- Decimal before any sum: the sum of doubles depends on the number of threads.
    cast(sum(cast(shares.credit as decimal(18, 12))) as double) as credit,
    cast(sum(cast(shares.credit_with_denied as decimal(18, 12))) as double) as credit_with_denied,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from shares
cross join {{ source('raw', 'run_parameters') }} as parameters
group by shares.week, shares.conversion_type, shares.channel, parameters.as_of
