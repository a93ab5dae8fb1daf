with
-- Every delivery, not only the current one: the export states a refund without its date, and the first file that shows
-- an amount is the only trace of when it happened. A later export must not move it.
source as (
    select * from {{ source('raw', 'shopify__orders') }}
    where id <> '' and {{ clean_money('refunded_amount') }} > 0
),

first_seen as (
    select
        {{ clean_text('id') }} as order_id,
        max_by(replace(name, '#', ''), (_delivery_rank, _row_number)) as order_name,
        {{ clean_money('refunded_amount') }} as refunded_amount,
        min_by(upper(currency), (_delivery_rank, _row_number)) as currency,
        min_by({{ clean_email('email') }}, (_delivery_rank, _row_number)) as email,
        min(coalesce(_exported_at, {{ utc_instant('created_at') }})) as occurred_at,
        min_by(_file_id, (_delivery_rank, _row_number)) as source_file_id,
        min_by(_row_number, (_delivery_rank, _row_number)) as source_row_number
    from source
    group by {{ clean_text('id') }}, {{ clean_money('refunded_amount') }}
),

-- The column is a running total: each new value adds one refund of the difference.
increments as (
    select
        *,
        refunded_amount - coalesce(
            lag(refunded_amount) over (partition by order_id order by occurred_at, refunded_amount), 0
        ) as refund_amount
    from first_seen
),

renamed as (
    select
        'shopify' as source,
        {{ key_of(["'refund'", 'order_id', 'refunded_amount']) }} as record_key,
        {{ key_of(["'order'", 'order_id']) }} as order_key,
        case when email is not null then 'email' else 'order_name' end as identifier_type,
        coalesce(email, order_name) as identifier_value,
        'commerce' as family,
        'order_refunded' as interaction_type,
        'system' as direction,
        order_id,
        order_name,
        order_name as order_ref,
        occurred_at,
        -refund_amount as gross_amount,
        currency,
        source_file_id,
        source_row_number
    from increments
    where refund_amount > 0
)

select * from renamed
