with
-- The charge a refund belongs to, from whichever export tells it; the API's word first.
charges as (
    select charge_id, identifier_type, identifier_value, order_ref, currency, is_test, occurred_at, 1 as export_rank
    from {{ ref('stg_stripe__charges') }}
    where is_paid
    union all
    select charge_id, identifier_type, identifier_value, order_ref, currency, is_test, occurred_at, 2 as export_rank
    from {{ ref('stg_stripe__payments') }}
    where is_paid
),

ranked as (
    select *, row_number() over (partition by charge_id order by export_rank) as choice
    from charges
)

select
    {{ key_of(["'charge'", 'charge_id']) }} as record_key,
    charge_id,
    identifier_type,
    identifier_value,
    order_ref,
    currency,
    is_test,
    occurred_at
from ranked
where choice = 1
