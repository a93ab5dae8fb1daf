with source as (
    select * from {{ source('raw', 'hubspot__deals') }}
    where _is_current
),

stages as (
    select * from {{ ref('deal_stages') }}
    where source = 'hubspot'
),

-- A deal of two contacts stays one deal: the first contact stands for it, the amount is never multiplied.
renamed as (
    select
        'hubspot' as source,
        {{ key_of(["'deal_won'", 'record_id']) }} as record_key,
        record_id as deal_id,
        'hubspot_contact_id' as identifier_type,
        nullif(trim(split_part(associated_contact_ids, ';', 1)), '') as identifier_value,
        nullif(trim(split_part(associated_contact_ids, ';', 1)), '') as hubspot_contact_id,
        coalesce({{ deal_stage('stages.name') }}, {{ deal_stage('deal_stage') }}) as deal_stage,
        coalesce(stages.outcome, 'open') as outcome,
        {{ clean_text('pipeline') }} as pipeline,
        {{ clean_money('amount') }} as amount,
        upper({{ clean_text('currency') }}) as currency,
        {{ local_to_utc('create_date', var('hubspot_time_zone')) }} as created_at,
        {{ is_ambiguous_local('create_date', var('hubspot_time_zone')) }} as is_created_at_ambiguous,
        {{ local_to_utc('date_entered_current_stage', var('hubspot_time_zone')) }} as stage_entered_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
    left join stages on {{ deal_stage('source.deal_stage') }} = stages.stage
)

select * from renamed
