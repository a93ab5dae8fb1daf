with source as (
    select * from {{ source('raw', 'salesforce__report') }}
    where _is_current
),

opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

history as (
    select distinct opportunity_id from {{ ref('stg_salesforce__opportunity_history') }}
),

stages as (
    select * from {{ ref('deal_stages') }}
    where source = 'salesforce'
),

cleaned as (
    select
        *,
        {{ salesforce_id('opportunity_id') }} as long_id
    from source
),

-- A report names nobody and may be old: the objects themselves decide wherever they know the opportunity.
renamed as (
    select
        'salesforce' as source,
        {{ key_of(["'opportunity_report'", 'cleaned.long_id']) }} as record_key,
        cleaned.long_id as opportunity_id,
        {{ deal_stage('cleaned.stage') }} as stage,
        {{ clean_money('cleaned.amount') }} as amount,
        upper({{ clean_text('cleaned.amount_currency') }}) as currency,
        coalesce(stages.outcome = 'won', false) as is_won,
        opportunities.opportunity_id is not null or history.opportunity_id is not null as is_told_elsewhere,
        try_cast(cleaned.created_date as date) as created_date,
        try_cast(cleaned.close_date as date) as close_date,
        {{ local_to_utc('cleaned.close_date', var('salesforce_time_zone')) }} as closed_at,
        cleaned._file_id as source_file_id,
        cleaned._row_number as source_row_number
    from cleaned
    left join opportunities on cleaned.long_id = opportunities.opportunity_id
    left join history on cleaned.long_id = history.opportunity_id
    left join stages on {{ deal_stage('cleaned.stage') }} = stages.stage
)

select * from renamed
