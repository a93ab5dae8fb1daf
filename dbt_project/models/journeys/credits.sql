with conversions as (
    select * from {{ ref('customer_conversions') }} where is_counted
),

touches as (
    select
        *,
        {{ seconds_between('touched_at', 'occurred_at') }} as seconds_before
    from {{ ref('conversion_touches') }}
),

weights as (
    {% for model, weight in credit_rules().items() %}
    select
        touches.*,
        '{{ model }}' as model,
        -- Decimal before any sum: the sum of doubles depends on the number of threads.
        cast({{ weight }} as decimal(38, 18)) as weight
    from touches
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

shares as (
    select
        *,
        cast(cast(weight as double) / cast(sum(weight) over (partition by conversion_id, model) as double)
            as decimal(18, 12)) as share
    from weights
),

rounded as (
    select
        *,
        sum(share) over earlier as earlier_share,
        cast(share * value as decimal(28, 6)) as share_value,
        sum(cast(share * value as decimal(28, 6))) over earlier as earlier_value
    from shares
    window earlier as (
        partition by conversion_id, model order by position rows between unbounded preceding and 1 preceding
    )
)

select
    conversion_id,
    conversion_type,
    customer_id,
    week,
    touchpoint_id,
    model,
    channel,
    campaign,
    -- The rounding rest goes to the last touch that earned anything, so that shares add to one and values to the value.
    case when position = touch_count and share > 0 then 1 - coalesce(earlier_share, 0) else share end as credit,
    case when position = touch_count and share > 0 then cast(value as decimal(28, 6)) - coalesce(earlier_value, 0)
        else share_value end as value,
    cast(null as varchar) as reason
from rounded
union all
select
    conversions.conversion_id,
    conversions.conversion_type,
    conversions.customer_id,
    conversions.week,
    null as touchpoint_id,
    models.model,
    'unattributed' as channel,
    null as campaign,
    cast(1 as decimal(18, 12)) as credit,
    cast(conversions.value as decimal(28, 6)) as value,
    case when conversions.customer_id is null then 'no identified customer'
        else 'no touch in the {{ var("click_lookback_days") }} days before' end as reason
from conversions
cross join (
    {% for model in credit_rules() %}
    select '{{ model }}' as model {% if not loop.last %}union all{% endif %}
    {% endfor %}
) as models
where conversions.conversion_id not in (select conversion_id from touches)
