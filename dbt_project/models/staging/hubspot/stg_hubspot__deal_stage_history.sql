with source as (
    select * from {{ source('raw', 'hubspot__deal_stage_history') }}
    where _is_current
),

deals as (
    select * from {{ ref('stg_hubspot__deals') }}
),

stages as (
    select * from {{ ref('deal_stages') }}
    where source = 'hubspot'
),

parsed as (
    select
        id as deal_id,
        {{ json_fields('properties', {'amount': 'VARCHAR'}) }}.amount as amount,
        {{ unnest_list(json_fields('properties_with_history', {
            'dealstage': [{'value': 'VARCHAR', 'timestamp': 'VARCHAR'}]
        }) ~ '.dealstage') }} as change,
        coalesce(lower(archived) = 'true', false) as is_archived,
        {{ utc_instant('updated_at') }} as updated_at,
        _delivery_rank as delivery_rank,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- Delivered newest first; a stage entered twice (A-B-A) is two changes. The newest version knows the deal best.
ordered as (
    select
        deal_id,
        first_value(amount) over versions as amount,
        first_value(is_archived) over versions as is_archived,
        {{ deal_stage('change.value') }} as stage_id,
        {{ utc_instant('change.timestamp') }} as occurred_at,
        row_number() over (
            partition by deal_id, change.value, change.timestamp
            order by updated_at desc nulls last, delivery_rank desc, source_row_number desc
        ) as telling_number,
        source_file_id,
        source_row_number
    from parsed
    window versions as (
        partition by deal_id order by updated_at desc nulls last, delivery_rank desc, source_row_number desc
    )
),

-- HubSpot tells the last 20 changes only: older ones come from older versions, and what versions share counts once.
-- Stages made in the portal have a number for a name, and any of them may mean that the deal is won.
judged as (
    select
        ordered.*,
        {{ key_of(["'deal'", 'deal_id', 'stage_id', 'occurred_at']) }} as record_key,
        coalesce({{ deal_stage('stages.name') }}, ordered.stage_id) as stage_to,
        coalesce(stages.outcome, 'open') as outcome
    from ordered
    left join stages on ordered.stage_id = stages.stage
    where ordered.telling_number = 1
),

stepped as (
    select
        *,
        lag(stage_to) over changes as stage_from,
        lag(outcome) over changes as outcome_from
    from judged
    window changes as (partition by deal_id order by occurred_at, stage_id)
),

won as (
    select
        *,
        outcome = 'won' and outcome_from is distinct from 'won' as is_won
    from stepped
),

-- The history knows neither contact nor currency; the record export of the same portal does.
completed as (
    select
        'hubspot' as source,
        won.record_key,
        'hubspot_contact_id' as identifier_type,
        deals.hubspot_contact_id as identifier_value,
        won.occurred_at,
        'sales' as family,
        case won.outcome when 'won' then 'deal_won' when 'lost' then 'deal_lost' else 'deal_stage_changed' end
            as interaction_type,
        'system' as direction,
        won.stage_from,
        won.stage_to,
        won.deal_id,
        last_value(case when won.is_won then won.record_key end ignore nulls) over (
            partition by won.deal_id order by won.occurred_at, won.stage_id
            rows between unbounded preceding and 1 preceding
        ) as last_won_key,
        coalesce({{ clean_money('won.amount') }}, deals.amount) as amount,
        deals.currency,
        won.is_archived,
        won.is_won,
        -- A deal taken back out of won: the sale is void from then on.
        won.outcome_from = 'won' and won.outcome <> 'won' as is_reopened,
        won.source_file_id,
        won.source_row_number
    from won
    left join deals on won.deal_id = deals.deal_id
)

select * from completed
