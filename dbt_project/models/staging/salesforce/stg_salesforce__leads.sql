with source as (
    select * from {{ source('raw', 'salesforce__leads') }}
    where _is_current
),

renamed as (
    select
        'salesforce' as source,
        {{ key_of(["'lead'", salesforce_id('id')]) }} as record_key,
        'salesforce_lead_id' as identifier_type,
        {{ salesforce_id('id') }} as identifier_value,
        {{ salesforce_id('id') }} as salesforce_lead_id,
        {{ salesforce_id('master_record_id') }} as master_salesforce_lead_id,
        {{ salesforce_id('converted_contact_id') }} as salesforce_contact_id,
        {{ salesforce_id('converted_opportunity_id') }} as opportunity_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,
        {{ clean_phone('mobile_phone') }} as mobile_phone,
        {{ clean_text('lead_source') }} as lead_source,
        {{ clean_text('status') }} as lead_status,
        'sales' as family,
        'system' as direction,
        'email_marketing' as purpose,
        -- Not having opted out is no consent: Salesforce only says that nobody objected.
        case when {{ is_true('has_opted_out_of_email') }} then 'withdrawn' else 'not_asked' end as state,
        'import' as method,
        coalesce({{ is_true('is_deleted') }}, false) as is_deleted,
        {{ utc_instant('created_date') }} as created_at,
        coalesce(
            {{ utc_instant('last_modified_date') }},
            {{ utc_instant('system_modstamp') }},
            {{ utc_instant('created_date') }}
        ) as updated_at,
        case when {{ is_true('is_converted') }} then
            {{ local_to_utc('converted_date', var('salesforce_time_zone')) }}
        end as converted_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
