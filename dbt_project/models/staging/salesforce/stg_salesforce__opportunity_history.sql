with source as (
    select * from {{ source('raw', 'salesforce__opportunity_history') }}
    where _is_current
),

opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

stages as (
    select * from {{ ref('deal_stages') }}
    where source = 'salesforce'
),

cleaned as (
    select
        {{ salesforce_id('id') }} as history_id,
        {{ salesforce_id('opportunity_id') }} as opportunity_id,
        {{ deal_stage('stage_name') }} as stage,
        {{ clean_money('amount') }} as amount,
        coalesce({{ is_true('is_deleted') }}, false) as is_deleted,
        {{ utc_instant('created_date') }} as occurred_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- The history knows no outcome: the list of stages does, or the opportunity itself for the stage it stands in.
judged as (
    select
        cleaned.*,
        case
            when stages.outcome is not null then stages.outcome
            when cleaned.stage = opportunities.stage and opportunities.is_won then 'won'
            when cleaned.stage = opportunities.stage and opportunities.is_closed then 'lost'
            else 'open'
        end as outcome
    from cleaned
    left join opportunities on cleaned.opportunity_id = opportunities.opportunity_id
    left join stages on cleaned.stage = stages.stage
),

compared as (
    select
        *,
        lag(stage) over changes as stage_from,
        lag(outcome) over changes as outcome_from
    from judged
    window changes as (partition by opportunity_id order by occurred_at, history_id)
),

-- A row may tell of a new amount or close date only: it belongs to the stage that was entered before.
grouped as (
    select
        *,
        sum(case when stage_from is distinct from stage then 1 else 0 end) over (
            partition by opportunity_id order by occurred_at, history_id rows unbounded preceding
        ) as entry_number
    from compared
),

-- The amount of a stage is the last one told while the opportunity stood in it.
valued as (
    select
        *,
        last_value(amount ignore nulls) over (
            partition by opportunity_id, entry_number order by occurred_at, history_id
            rows between unbounded preceding and unbounded following
        ) as stage_amount
    from grouped
),

entered as (
    select
        *,
        outcome = 'won' and outcome_from is distinct from 'won' as is_won
    from valued
    where stage_from is distinct from stage
),

remembered as (
    select
        *,
        last_value(case when is_won then history_id end ignore nulls) over earlier as last_won_id,
        last_value(case when is_won then stage_amount end ignore nulls) over earlier as last_won_amount
    from entered
    window earlier as (
        partition by opportunity_id order by occurred_at, history_id rows between unbounded preceding and 1 preceding
    )
),

completed as (
    select
        'salesforce' as source,
        {{ key_of(["'opportunity_stage'", 'entered.history_id']) }} as record_key,
        opportunities.identifier_type,
        opportunities.identifier_value,
        entered.occurred_at,
        'sales' as family,
        case entered.outcome when 'won' then 'deal_won' when 'lost' then 'deal_lost' else 'deal_stage_changed' end
            as interaction_type,
        'system' as direction,
        entered.stage_from,
        entered.stage as stage_to,
        entered.opportunity_id,
        coalesce(entered.stage_amount, opportunities.amount) as amount,
        opportunities.currency,
        entered.is_deleted or coalesce(opportunities.is_deleted, false) as is_deleted,
        entered.is_won,
        -- Taken back out of won: the sale is void from then on.
        entered.outcome_from = 'won' and entered.outcome <> 'won' as is_reopened,
        {{ key_of(["'opportunity_stage'", 'entered.last_won_id']) }} as last_won_key,
        coalesce(entered.last_won_amount, opportunities.amount) as last_won_amount,
        entered.source_file_id,
        entered.source_row_number
    from remembered as entered
    left join opportunities on entered.opportunity_id = opportunities.opportunity_id
)

select * from completed
