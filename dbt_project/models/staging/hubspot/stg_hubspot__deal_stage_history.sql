with source as (
    select * from {{ source('raw', 'hubspot__deal_stage_history') }}
    where _is_current
),

deals as (
    select * from {{ ref('stg_hubspot__deals') }}
),

parsed as (
    select
        id as deal_id,
        {{ json_fields('properties', {'amount': 'VARCHAR'}) }}.amount as amount,
        {{ unnest_list(json_fields('properties_with_history', {
            'dealstage': [{'value': 'VARCHAR', 'timestamp': 'VARCHAR'}]
        }) ~ '.dealstage') }} as change,
        lower(archived) = 'true' as is_archived,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- Delivered newest first; a stage entered twice (A-B-A) is two changes.
ordered as (
    select
        deal_id,
        amount,
        coalesce(is_archived, false) as is_archived,
        {{ deal_stage('change.value') }} as stage_to,
        {{ utc_instant('change.timestamp') }} as occurred_at,
        source_file_id,
        source_row_number
    from parsed
),

stepped as (
    select
        *,
        lag(stage_to) over changes as stage_from,
        max(case when stage_to = 'closedwon' then occurred_at end) over (
            partition by deal_id order by occurred_at, stage_to rows between unbounded preceding and 1 preceding
        ) as last_won_at
    from ordered
    window changes as (partition by deal_id order by occurred_at, stage_to)
),

-- The history knows neither contact nor currency; the record export of the same portal does.
completed as (
    select
        'hubspot' as source,
        {{ key_of(["'deal'", 'stepped.deal_id', 'stepped.stage_to', 'stepped.occurred_at']) }} as record_key,
        'hubspot_contact_id' as identifier_type,
        deals.hubspot_contact_id as identifier_value,
        stepped.occurred_at,
        'sales' as family,
        case
            when stepped.stage_to = 'closedwon' then 'deal_won'
            when stepped.stage_to = 'closedlost' then 'deal_lost'
            else 'deal_stage_changed'
        end as interaction_type,
        'system' as direction,
        stepped.stage_from,
        stepped.stage_to,
        stepped.deal_id,
        {{ key_of(["'deal'", 'stepped.deal_id', "'closedwon'", 'stepped.last_won_at']) }} as last_won_key,
        coalesce({{ clean_money('stepped.amount') }}, deals.amount) as amount,
        deals.currency,
        stepped.is_archived,
        stepped.stage_to = 'closedwon' and stepped.stage_from is distinct from 'closedwon' as is_won,
        -- A deal taken back out of won: the sale is void from then on.
        stepped.stage_from = 'closedwon' and stepped.stage_to <> 'closedwon' as is_reopened,
        stepped.source_file_id,
        stepped.source_row_number
    from stepped
    left join deals on stepped.deal_id = deals.deal_id
)

select * from completed
