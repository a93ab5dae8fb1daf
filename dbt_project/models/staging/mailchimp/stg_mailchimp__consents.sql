-- A member's row repeats its decisions in every status, and reports tell withdrawals again: each decision counts once.
with decisions as (
    select
        identifier_type,
        identifier_value,
        'granted' as state,
        'double_opt_in' as method,
        confirmed_at as occurred_at,
        cast(null as varchar) as campaign_id,
        source_file_id,
        source_row_number
    from {{ ref('stg_mailchimp__members') }}
    where confirmed_at is not null and email_status <> 'nonsubscribed' and email is not null
    union all
    select
        identifier_type, identifier_value, 'withdrawn', 'explicit', left_at, campaign_id, source_file_id,
        source_row_number
    from {{ ref('stg_mailchimp__members') }}
    where left_at is not null and email_status = 'unsubscribed' and email is not null
    union all
    select
        identifier_type, identifier_value, 'withdrawn', 'explicit', occurred_at, campaign_id, source_file_id,
        source_row_number
    from {{ ref('stg_mailchimp__unsubscribes') }}
),

keyed as (
    select
        *,
        {{ key_of(["'consent'", 'identifier_value', 'state', 'coalesce(campaign_id, cast(occurred_at as varchar))']) }}
            as record_key
    from decisions
),

numbered as (
    select
        *,
        row_number() over (
            partition by record_key order by occurred_at, source_file_id, source_row_number
        ) as telling
    from keyed
),

renamed as (
    select
        'mailchimp' as source,
        record_key,
        identifier_type,
        identifier_value,
        'email_marketing' as purpose,
        state,
        occurred_at,
        method,
        campaign_id as evidence_ref,
        source_file_id,
        source_row_number
    from numbered
    where telling = 1
)

select * from renamed
