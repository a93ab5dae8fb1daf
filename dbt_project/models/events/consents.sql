with delivered as (
    {{ rows_from('stg_hubspot__contacts', occurred_at='observed_at') }}
    union all
    {{ rows_from('stg_shopify__orders', occurred_at='created_at', where='state is not null and email is not null') }}
),

decided as (
    select
        {{ key_of(['source', 'purpose', 'record_key']) }} as consent_id,
        source,
        identifier_type,
        identifier_value,
        purpose,
        state,
        occurred_at,
        method
    from delivered
    where {{ before_as_of('occurred_at') }}
)

select * from decided
