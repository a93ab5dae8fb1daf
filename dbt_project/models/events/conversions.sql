with delivered as (
    {{ rows_from('stg_canonical__conversions', order_rank='order_rank') }}
    union all
    {{ rows_from('stg_shopify__orders', conversion_type="'order'", occurred_at='created_at', source_priority=1, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__orders_bulk', conversion_type="'order'", occurred_at='created_at', source_priority=2, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__orders',
        conversion_type="'void'", record_key="'void:' || record_key", adjusts_conversion_id='record_key',
        gross_amount='-gross_amount', occurred_at='coalesce(cancelled_at, created_at)', where='is_void',
        source_priority=1, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__orders_bulk',
        conversion_type="'void'", record_key="'void:' || record_key", adjusts_conversion_id='record_key',
        gross_amount='-gross_amount', occurred_at='coalesce(cancelled_at, created_at)', where='is_void',
        source_priority=2, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__refunds',
        conversion_type="'refund'", adjusts_conversion_id='order_key', twin_key='order_key',
        source_priority=1, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__order_refunds',
        conversion_type="'refund'", adjusts_conversion_id='order_key', twin_key='order_key',
        source_priority=2, order_rank=1) }}
    union all
    {{ rows_from('stg_hubspot__deal_stage_history',
        conversion_type="'opportunity_won'", gross_amount='amount', net_amount='amount',
        order_ref='deal_id', twin_key='deal_id', where='is_won and not is_archived', source_priority=1) }}
    union all
    {{ rows_from('stg_hubspot__deals',
        conversion_type="'opportunity_won'", occurred_at='stage_entered_at', gross_amount='amount',
        net_amount='amount', order_ref='deal_id', twin_key='deal_id', where="outcome = 'won'",
        source_priority=2) }}
    union all
    {{ rows_from('stg_hubspot__deal_stage_history',
        conversion_type="'void'", adjusts_conversion_id='last_won_key', gross_amount='-amount',
        order_ref='deal_id', where='is_reopened and not is_archived') }}
    union all
    {{ rows_from('stg_hubspot__form_submissions', conversion_type="'lead'", gross_amount='0', net_amount='0') }}
    union all
    {{ rows_from('stg_stripe__charges', conversion_type="'payment'", where='is_paid', source_priority=1) }}
    union all
    {{ rows_from('stg_stripe__payments', conversion_type="'payment'", where='is_paid', source_priority=2) }}
    union all
    {{ rows_from('stg_stripe__refunds',
        conversion_type="'payment'", adjusts_conversion_id='charge_key', twin_key="'back:' || charge_key",
        where='is_refunded', source_priority=1) }}
    union all
    {{ rows_from('stg_stripe__refunded_totals',
        conversion_type="'payment'", adjusts_conversion_id='charge_key', twin_key="'back:' || charge_key",
        source_priority='export_rank') }}
    union all
    {{ rows_from('stg_stripe__charges',
        conversion_type="'order'", record_key="'order:' || record_key", twin_key='record_key', where='is_paid',
        source_priority=1, order_rank=4) }}
    union all
    {{ rows_from('stg_stripe__payments',
        conversion_type="'order'", record_key="'order:' || record_key", twin_key='record_key', where='is_paid',
        source_priority=2, order_rank=4) }}
    union all
    {{ rows_from('stg_stripe__refunds',
        conversion_type="'refund'", record_key="'order:' || record_key", twin_key='charge_key',
        adjusts_conversion_id="'order:' || charge_key", where='is_refunded', source_priority=1, order_rank=4) }}
    union all
    {{ rows_from('stg_stripe__refunded_totals',
        conversion_type="'refund'", record_key="'order:' || record_key", twin_key='charge_key',
        adjusts_conversion_id="'order:' || charge_key", source_priority='export_rank', order_rank=4) }}
    union all
    {{ rows_from('stg_salesforce__opportunity_history',
        conversion_type="'opportunity_won'", gross_amount='amount', net_amount='amount',
        order_ref='opportunity_id', twin_key='opportunity_id', where='is_won and not is_deleted',
        source_priority=1) }}
    union all
    {{ rows_from('stg_salesforce__opportunities',
        conversion_type="'opportunity_won'", occurred_at='closed_at', gross_amount='amount', net_amount='amount',
        order_ref='opportunity_id', twin_key='opportunity_id', where='is_won and not is_deleted',
        source_priority=2) }}
    union all
    {{ rows_from('stg_salesforce__report',
        conversion_type="'opportunity_won'", occurred_at='closed_at', gross_amount='amount', net_amount='amount',
        order_ref='opportunity_id', twin_key='opportunity_id', where='is_won and not is_told_elsewhere',
        source_priority=3) }}
    union all
    {{ rows_from('stg_salesforce__opportunity_history',
        conversion_type="'void'", record_key="'void:' || record_key", adjusts_conversion_id='last_won_key',
        gross_amount='-last_won_amount', order_ref='opportunity_id', where='is_reopened and not is_deleted') }}
    union all
    {{ rows_from('stg_salesforce__leads',
        conversion_type="'lead'", occurred_at='created_at', gross_amount='0', net_amount='0',
        where='not is_deleted') }}
    union all
    {{ rows_from('stg_klaviyo__orders', conversion_type="'order'", order_rank=3) }}
    union all
    {{ rows_from('stg_segment__orders', conversion_type="'order'", source_priority=1, order_rank=2) }}
    union all
    {{ rows_from('stg_segment__order_adjustments',
        adjusts_conversion_id='order_key', source_priority=1, order_rank=2) }}
    union all
    {{ rows_from('stg_segment__events', conversion_type="'trial'", where="interaction_type = 'trial_started'") }}
    union all
    {{ rows_from('stg_rudderstack__orders', conversion_type="'order'", source_priority=2, order_rank=2) }}
    union all
    {{ rows_from('stg_rudderstack__order_adjustments',
        adjusts_conversion_id='order_key', source_priority=2, order_rank=2) }}
    union all
    {{ rows_from('stg_rudderstack__events', conversion_type="'trial'", where="interaction_type = 'trial_started'") }}
    union all
    {{ rows_from('stg_snowplow__orders', conversion_type="'order'", source_priority=3, order_rank=2) }}
    union all
    {{ rows_from('stg_snowplow__order_adjustments',
        adjusts_conversion_id='order_key', source_priority=3, order_rank=2) }}
    union all
    {{ rows_from('stg_snowplow__events', conversion_type="'trial'", where="interaction_type = 'trial_started'") }}
    union all
    {{ rows_from('stg_mixpanel__orders', conversion_type="'order'", source_priority=4, order_rank=2) }}
    union all
    {{ rows_from('stg_mixpanel__order_adjustments',
        adjusts_conversion_id='order_key', source_priority=4, order_rank=2) }}
    union all
    {{ rows_from('stg_mixpanel__events', conversion_type="'trial'", where="interaction_type = 'trial_started'") }}
    union all
    {{ rows_from('stg_ga4__orders', conversion_type="'order'", order_rank=5) }}
),

cut as (
    select * from delivered
    where {{ before_as_of('occurred_at') }}
),

of_record as (
    {{ orders_of_record('cut') }}
),

preferred as (
    {{ preferred_rows('of_record', 'conversion_type') }}
),

originals as (
    select source, record_key, gross_amount, net_amount, tax_amount, shipping_amount, discount_amount, is_test
    from preferred
    where adjusts_conversion_id is null
),

parameters as (
    select reporting_currency from {{ source('raw', 'run_parameters') }}
),

-- A refund names one sum: it takes back net, tax and shipping in the proportion they had in the order. What carries no
-- currency of its own is in the account's, taken to be the reporting currency.
final as (
    select
        {{ key_of(['preferred.source', 'preferred.record_key']) }} as conversion_id,
        preferred.source,
        preferred.conversion_type,
        case when preferred.adjusts_conversion_id is not null then
            {{ key_of(['preferred.source', 'preferred.adjusts_conversion_id']) }}
        end as adjusts_conversion_id,
        preferred.occurred_at,
        preferred.identifier_type,
        preferred.identifier_value,
        preferred.order_ref,
        preferred.status,
        cast(coalesce(preferred.gross_amount, 0) as decimal(18, 6)) as gross_amount,
        {{ share_of_original('net_amount') }} as net_amount,
        {{ share_of_original('tax_amount') }} as tax_amount,
        {{ share_of_original('shipping_amount') }} as shipping_amount,
        {{ share_of_original('discount_amount') }} as discount_amount,
        coalesce(preferred.currency, parameters.reporting_currency) as currency,
        coalesce(preferred.is_test, false)
            or coalesce(originals.is_test, false)
            or {{ is_our_own('preferred.identifier_value') }} as is_test,
        preferred.click_id_type,
        preferred.click_id,
        preferred.source_file_id,
        preferred.source_row_number
    from preferred
    cross join parameters
    left join originals
        on preferred.source = originals.source
        and preferred.adjusts_conversion_id = originals.record_key
)

select * from final
