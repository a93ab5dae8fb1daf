-- Customers by the company or household a CRM or a product puts them in. An account is never a person: nobody is merged
-- for sharing one, and a person may be in several.
with observed as (
    select
        identifiers.customer_id,
        attributes.source,
        attributes.attribute as source_attribute,
        attributes.value,
        attributes.observed_at
    from {{ ref('profile_attributes') }} as attributes
    inner join {{ source('identity', 'identifiers') }} as identifiers
        on attributes.identifier_type = identifiers.identifier_type
        and attributes.identifier_value = identifiers.identifier_value
    where identifiers.customer_id is not null
),

named as (
    select
        observed.*,
        coalesce(own.account_kind, other.account_kind) as account_kind,
        coalesce(own.namespace, other.namespace) as namespace
    from observed
    left join {{ ref('account_sources') }} as own
        on observed.source = own.source and observed.source_attribute = own.source_attribute
    left join {{ ref('account_sources') }} as other
        on other.source = 'any' and observed.source_attribute = other.source_attribute
    where coalesce(own.account_kind, other.account_kind) is not null
)

select
    'acc_' || substr({{ key_of(['namespace', 'account_kind', 'value']) }}, 1, 16) as account_id,
    account_kind,
    customer_id,
    min(source) as source,
    max(observed_at) as last_seen_at
from named
group by namespace, value, account_kind, customer_id
