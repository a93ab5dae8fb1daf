{{ config(meta={'dagster': {'ref': {'name': 'stage_map'}}}) }}
-- A lookup answers a question once.
with keys as (
    select
        'stage_map' as seed,
        funnel || ' ' || family || ' ' || interaction_type || ' ' || coalesce(page_pattern, '') as lookup_key
    from {{ ref('stage_map') }}
    union all
    select 'stages', funnel || ' ' || stage_number from {{ ref('stages') }}
    union all
    select 'stages', funnel || ' ' || stage from {{ ref('stages') }}
    union all
    select 'sub_stages', stage || ' ' || sub_stage from {{ ref('sub_stages') }}
    union all
    select
        'sub_stage_evidence',
        stage || ' ' || sub_stage || ' ' || family || ' ' || interaction_type || ' ' || coalesce(page_pattern, '')
    from {{ ref('sub_stage_evidence') }}
    union all
    select 'designed_journeys', design || ' ' || step_number || ' ' || activity_pattern from {{ ref('designed_journeys') }}
    union all
    -- A step of a design has one name and is required or not, whichever of its lines one reads.
    select 'designed_journeys', design || ' ' || step_number
    from (select distinct design, step_number, step, is_required from {{ ref('designed_journeys') }}) as steps
    union all
    select 'designed_journeys', design || ' ' || step
    from (select distinct design, step_number, step from {{ ref('designed_journeys') }}) as steps
    union all
    select 'kpi_targets', target_set || ' ' || kpi from {{ ref('kpi_targets') }}
    union all
    select 'fx_rates', currency || ' ' || valid_from from {{ ref('fx_rates') }}
    union all
    select 'channel_rules', ruleset || ' ' || position || ' ' || valid_from from {{ ref('channel_rules') }}
    union all
    select 'custom_channel_rules', position || ' ' || valid_from from {{ ref('custom_channel_rules') }}
    union all
    select 'survey_questions', source || ' ' || survey_pattern || ' ' || question_pattern || ' ' || valid_from
    from {{ ref('survey_questions') }}
    union all
    select 'survey_labels', scale_min || ' ' || scale_max || ' ' || label from {{ ref('survey_labels') }}
    union all
    select 'segment_rules', segment_set || ' ' || position || ' ' || valid_from from {{ ref('segment_rules') }}
)

select seed, lookup_key, count(*) as row_count
from keys
group by seed, lookup_key
having count(*) > 1
