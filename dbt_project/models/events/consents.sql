with delivered as (
    {{ rows_from('stg_canonical__consents') }}
    union all
    {{ rows_from('stg_hubspot__contacts', occurred_at='observed_at') }}
    union all
    {{ rows_from('stg_shopify__orders', occurred_at='created_at', where='state is not null and email is not null') }}
    union all
    {{ rows_from('stg_tcf__decisions') }}
    union all
    {{ rows_from('stg_cookiebot__values') }}
    union all
    {{ rows_from('stg_cookiescript__consents') }}
    union all
    {{ rows_from('stg_salesforce__leads', occurred_at='updated_at', where='not is_deleted') }}
    union all
    {{ rows_from('stg_salesforce__contacts', occurred_at='updated_at', where='not is_deleted') }}
    union all
    {{ rows_from('stg_intercom__receipts', occurred_at='unsubscribed_at', where='unsubscribed_at is not null') }}
    union all
    {{ rows_from('stg_mailchimp__consents') }}
    union all
    {{ rows_from('stg_klaviyo__consents') }}
    union all
    {{ rows_from('stg_segment__consents') }}
    union all
    {{ rows_from('stg_rudderstack__consents') }}
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
        method,
        -- What ends a decision after as_of is not known yet: as of then it stands.
        case when {{ before_as_of('valid_until') }} then valid_until end as valid_until,
        legal_basis,
        jurisdiction,
        policy_version,
        evidence_ref,
        source_file_id,
        source_row_number
    from delivered
    where {{ before_as_of('occurred_at') }}
)

select * from decided
