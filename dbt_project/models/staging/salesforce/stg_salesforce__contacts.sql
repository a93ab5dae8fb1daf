with source as (
    select * from {{ source('raw', 'salesforce__contacts') }}
    where _is_current
),

renamed as (
    select
        'salesforce' as source,
        {{ key_of(["'contact'", salesforce_id('id')]) }} as record_key,
        'salesforce_contact_id' as identifier_type,
        {{ salesforce_id('id') }} as identifier_value,
        {{ salesforce_id('id') }} as salesforce_contact_id,
        {{ salesforce_id('master_record_id') }} as master_salesforce_contact_id,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,
        {{ clean_phone('mobile_phone') }} as mobile_phone,
        {{ clean_text('lead_source') }} as lead_source,
        {{ salesforce_id('account_id') }} as account_id,
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
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
)

select * from renamed
