with
-- Every delivery, not only the current one: payments and charges state what was refunded without its date, and the
-- first file that shows an amount is the only trace of when it happened. A later export must not move it.
delivered as (
    select
        2 as export_rank,
        id as charge_id,
        {{ from_minor_units('amount_refunded', 'currency') }} as refunded_amount,
        {{ epoch_seconds('created') }} as charged_at,
        _exported_at, _delivery_rank, _row_number, _file_id
    from {{ source('raw', 'stripe__charges') }}
    union all
    select
        3 as export_rank,
        id as charge_id,
        {{ clean_money('amount_refunded') }} as refunded_amount,
        try_cast(created_at as timestamp) as charged_at,
        _exported_at, _delivery_rank, _row_number, _file_id
    from {{ source('raw', 'stripe__payments') }}
),

first_seen as (
    select
        export_rank,
        charge_id,
        refunded_amount,
        min(greatest(_exported_at, charged_at)) as occurred_at,
        max(_delivery_rank) as last_rank,
        min_by(_file_id, (_delivery_rank, _row_number)) as source_file_id,
        min_by(_row_number, (_delivery_rank, _row_number)) as source_row_number
    from delivered
    where refunded_amount is not null
    group by export_rank, charge_id, refunded_amount
),

-- A total that fell again is a refund that failed: only what the last file still shows was paid back.
standing as (
    select
        *,
        max_by(refunded_amount, last_rank) over (partition by export_rank, charge_id) as last_amount
    from first_seen
),

-- The column is a running total: each new value adds one refund of the difference.
increments as (
    select
        *,
        refunded_amount - coalesce(
            lag(refunded_amount) over (partition by export_rank, charge_id order by refunded_amount), 0
        ) as refund_amount
    from standing
    where refunded_amount <= last_amount
),

charges as (
    select * from {{ ref('stg_stripe__paid_charges') }}
),

renamed as (
    select
        'stripe' as source,
        {{ key_of([
            "'refunded total'", 'increments.export_rank', 'increments.charge_id', 'increments.refunded_amount'
        ]) }} as record_key,
        charges.record_key as charge_key,
        increments.export_rank,
        increments.charge_id,
        charges.identifier_type,
        charges.identifier_value,
        charges.order_ref,
        increments.occurred_at,
        cast(-increments.refund_amount as decimal(18, 6)) as gross_amount,
        charges.currency,
        increments.source_file_id,
        increments.source_row_number
    from increments
    inner join charges on increments.charge_id = charges.charge_id
    where increments.refund_amount > 0
)

select * from renamed
