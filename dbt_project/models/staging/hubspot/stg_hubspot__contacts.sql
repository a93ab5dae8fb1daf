with source as (
    select * from {{ source('raw', 'hubspot__contacts') }}
    where _is_current
),

renamed as (
    select
        'hubspot' as source,
        {{ key_of(["'contact'", 'record_id']) }} as record_key,
        'hubspot_contact_id' as identifier_type,
        record_id as identifier_value,
        record_id as hubspot_contact_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone_number') }} as phone,
        {{ clean_text('lifecycle_stage') }} as lifecycle_stage,
        {{ clean_text('original_traffic_source') }} as original_traffic_source,
        {{ clean_text('contact_owner') }} as contact_owner,
        -- The first company of the list is the primary one.
        {{ clean_text("split_part(associated_company_ids, ';', 1)") }} as company_id,
        'email_marketing' as purpose,
        -- Not having unsubscribed is no consent: HubSpot only says that nobody objected.
        case
            when lower(unsubscribed_from_all_email) = 'true' then 'withdrawn'
            when lower(marketing_contact_status) = 'marketing contact' then 'implied'
            else 'not_asked'
        end as state,
        'import' as method,
        {{ local_to_utc('create_date', var('hubspot_time_zone')) }} as created_at,
        {{ is_ambiguous_local('create_date', var('hubspot_time_zone')) }} as is_created_at_ambiguous,
        coalesce(_exported_at, {{ local_to_utc('create_date', var('hubspot_time_zone')) }}) as observed_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
