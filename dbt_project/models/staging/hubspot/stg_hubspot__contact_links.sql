with contacts as (
    select
        record_id as hubspot_contact_id,
        additional_email_addresses,
        merged_record_ids,
        {{ local_to_utc('create_date', var('hubspot_time_zone')) }} as created_at
    from {{ source('raw', 'hubspot__contacts') }}
    where _is_current
),

-- Both fields hold several values separated by semicolons.
extra_emails as (
    select
        hubspot_contact_id,
        created_at,
        {{ unnest_text('additional_email_addresses', ';') }} as raw_email,
        cast(null as varchar) as merged_contact_id
    from contacts
    where additional_email_addresses <> ''
),

merged_contacts as (
    select
        hubspot_contact_id,
        created_at,
        cast(null as varchar) as raw_email,
        {{ unnest_text('merged_record_ids', ';') }} as merged_contact_id
    from contacts
    where merged_record_ids <> ''
),

links as (
    select * from extra_emails
    union all
    select * from merged_contacts
),

cleaned as (
    select
        'hubspot' as source,
        hubspot_contact_id,
        {{ clean_email('raw_email') }} as email,
        nullif(trim(merged_contact_id), '') as merged_hubspot_contact_id,
        created_at
    from links
)

select * from cleaned
where email is not null or merged_hubspot_contact_id is not null
