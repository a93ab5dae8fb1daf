with source as (
    select * from {{ source('raw', 'salesforce__opportunities') }}
    where _is_current
),

leads as (
    select * from {{ ref('stg_salesforce__leads') }}
    where opportunity_id is not null
),

stages as (
    select * from {{ ref('deal_stages') }}
    where source = 'salesforce'
),

-- Several leads can end in one opportunity; the first of them stands for it.
numbered_leads as (
    select
        *,
        row_number() over (partition by opportunity_id order by converted_at, created_at, salesforce_lead_id) as lead_number
    from leads
),

first_leads as (
    select * from numbered_leads where lead_number = 1
),

cleaned as (
    select
        *,
        {{ salesforce_id('id') }} as opportunity_id,
        {{ deal_stage('stage_name') }} as stage
    from source
),

renamed as (
    select
        'salesforce' as source,
        {{ key_of(["'opportunity_won'", 'cleaned.opportunity_id']) }} as record_key,
        cleaned.opportunity_id,
        case
            when {{ salesforce_id('cleaned.contact_id') }} is not null then 'salesforce_contact_id'
            when leads.salesforce_contact_id is not null then 'salesforce_contact_id'
            when leads.salesforce_lead_id is not null then 'salesforce_lead_id'
        end as identifier_type,
        coalesce(
            pseudonym('salesforce_contact_id', {{ salesforce_id('cleaned.contact_id') }}),
            leads.salesforce_contact_id, leads.salesforce_lead_id
        ) as identifier_value,
        cleaned.stage,
        -- No amount is not known, zero is a gift: both stay what they are.
        {{ clean_money('cleaned.amount') }} as amount,
        upper({{ clean_text('cleaned.currency_iso_code') }}) as currency,
        coalesce({{ is_true('cleaned.is_deleted') }}, false) as is_deleted,
        coalesce({{ is_true('cleaned.is_won') }}, stages.outcome = 'won', false) as is_won,
        coalesce({{ is_true('cleaned.is_closed') }}, stages.outcome <> 'open', false) as is_closed,
        {{ utc_instant('cleaned.created_date') }} as created_at,
        coalesce(
            {{ utc_instant('cleaned.last_stage_change_date') }},
            {{ local_to_utc('cleaned.close_date', var('salesforce_time_zone')) }}
        ) as closed_at,
        cleaned._file_id as source_file_id,
        cleaned._row_number as source_row_number
    from cleaned
    left join first_leads as leads on cleaned.opportunity_id = leads.opportunity_id
    left join stages on cleaned.stage = stages.stage
)

select * from renamed
