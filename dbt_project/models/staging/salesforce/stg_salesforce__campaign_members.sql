with source as (
    select * from {{ source('raw', 'salesforce__campaign_members') }}
    where _is_current
),

cleaned as (
    select
        {{ salesforce_id('id') }} as campaign_member_id,
        {{ salesforce_id('campaign_id') }} as campaign_id,
        {{ salesforce_id('lead_id') }} as salesforce_lead_id,
        {{ salesforce_id('contact_id') }} as salesforce_contact_id,
        {{ clean_text('status') }} as member_status,
        coalesce({{ is_true('is_deleted') }}, false) as is_deleted,
        coalesce({{ is_true('has_responded') }}, false) as has_responded,
        {{ local_to_utc('first_responded_date', var('salesforce_time_zone')) }} as responded_day_at,
        {{ utc_instant('created_date') }} as created_at,
        coalesce({{ utc_instant('last_modified_date') }}, {{ utc_instant('system_modstamp') }}) as updated_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- A lead that was converted keeps its membership and has both ids: the contact is the person from then on.
renamed as (
    select
        'salesforce' as source,
        {{ key_of(["'campaign_member'", 'campaign_member_id']) }} as record_key,
        case
            when salesforce_contact_id is not null then 'salesforce_contact_id'
            when salesforce_lead_id is not null then 'salesforce_lead_id'
        end as identifier_type,
        coalesce(salesforce_contact_id, salesforce_lead_id) as identifier_value,
        salesforce_lead_id,
        salesforce_contact_id,
        'sales' as family,
        campaign_id,
        member_status,
        is_deleted,
        lower(member_status) = 'sent' as is_sent,
        created_at,
        case when has_responded then coalesce(responded_day_at, updated_at, created_at) end as responded_at,
        case when responded_day_at is not null then 'day' end as responded_at_precision,
        source_file_id,
        source_row_number
    from cleaned
)

select * from renamed
