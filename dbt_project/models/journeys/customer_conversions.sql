with recursive conversions as (
    select * from {{ ref('conversions') }}
),

identifiers as (
    select * from {{ source('identity', 'identifiers') }}
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

rates as (
    select * from {{ ref('reporting_rates') }}
),

adjustments as (
    select
        adjusts_conversion_id,
        sum(net_amount) as net_amount,
        max(case when conversion_type = 'void' then 1 else 0 end) = 1 as is_void
    from conversions
    where adjusts_conversion_id is not null
    group by adjusts_conversion_id
),

told as (
    select
        conversions.*,
        -- An order told by its address belongs to whoever its number does: strangers may share the address.
        coalesce(numbered.customer_id, identifiers.customer_id) as customer_id,
        parameters.reporting_currency,
        {{ reporting_week('conversions.occurred_at', 'parameters.time_zone') }} as week,
        cast(conversions.net_amount * rates.currency_rate / rates.reporting_rate as decimal(18, 6)) as net_amount_reporting,
        -- What the sale is worth today: refunds and voids restate it, so late refunds move the week of the sale.
        cast((conversions.net_amount + coalesce(adjustments.net_amount, 0)) * rates.currency_rate / rates.reporting_rate
            as decimal(18, 6)) as value,
        conversions.conversion_type in ('order', 'opportunity_won', 'lead')
            and not coalesce(conversions.is_test, false)
            and not coalesce(adjustments.is_void, false) as is_countable
    from conversions
    cross join parameters
    left join identifiers
        on conversions.identifier_type = identifiers.identifier_type
        and conversions.identifier_value = identifiers.identifier_value
    left join identifiers as numbered
        on numbered.identifier_type = 'order_name'
        and conversions.identifier_type = 'email'
        and conversions.conversion_type in ('order', 'payment', 'refund')
        and conversions.order_ref = numbered.identifier_hash
    left join adjustments on conversions.conversion_id = adjustments.adjusts_conversion_id
    left join rates
        on conversions.currency = rates.currency
        and cast(conversions.occurred_at as date) >= rates.valid_from
        and cast(conversions.occurred_at as date) < rates.valid_until
),

deals as (
    select
        *,
        coalesce(
            list_position({{ var('deal_systems') }}, source), {{ var('deal_systems') | length }} + 1
        ) as system_rank,
        row_number() over (
            partition by customer_id, currency, gross_amount, source order by occurred_at, conversion_id
        ) as place
    from told
    where conversion_type = 'opportunity_won' and is_countable and customer_id is not null
),

-- Two CRMs may hold one deal. Of a customer's deals of one amount, both read in order of time, one goes with one while
-- they lie close; the earlier of two that do not has no partner. Two deals of one CRM are always two.
steps as (
    select
        first_deals.customer_id,
        first_deals.currency,
        first_deals.gross_amount,
        first_deals.source as kept_source,
        other_deals.source as told_source,
        cast(1 as bigint) as kept_place,
        cast(1 as bigint) as told_place
    from deals as first_deals
    inner join deals as other_deals
        on first_deals.customer_id = other_deals.customer_id
        and first_deals.currency = other_deals.currency
        and first_deals.gross_amount = other_deals.gross_amount
        and (first_deals.system_rank, first_deals.source) < (other_deals.system_rank, other_deals.source)
    where first_deals.place = 1 and other_deals.place = 1
    union all
    select
        steps.customer_id,
        steps.currency,
        steps.gross_amount,
        steps.kept_source,
        steps.told_source,
        steps.kept_place + cast({{ same_deal('kept', 'other') }} or kept.occurred_at < other.occurred_at as bigint),
        steps.told_place + cast({{ same_deal('kept', 'other') }} or kept.occurred_at >= other.occurred_at as bigint)
    from steps
    inner join deals as kept
        on {{ at_step('kept', 'kept') }}
    inner join deals as other
        on {{ at_step('other', 'told') }}
),

twins as (
    select
        other.conversion_id,
        min_by(kept.conversion_id, (kept.system_rank, kept.source)) as same_deal_as
    from steps
    inner join deals as kept
        on {{ at_step('kept', 'kept') }}
    inner join deals as other
        on {{ at_step('other', 'told') }}
    where {{ same_deal('kept', 'other') }}
    group by other.conversion_id
)

select
    told.* exclude (is_countable),
    told.is_countable and twins.conversion_id is null as is_counted,
    twins.same_deal_as
from told
left join twins on told.conversion_id = twins.conversion_id
