with delivered as (
    {{ rows_from('stg_canonical__experience_scores', where='is_answer') }}
    union all
    {{ rows_from('stg_zendesk__satisfaction_ratings', twin_key='about_ref', where='score is not null') }}
    union all
    {{ rows_from('stg_typeform__answers') }}
    union all
    {{ rows_from('stg_qualtrics__answers') }}
    union all
    {{ rows_from('stg_surveymonkey__answers') }}
    union all
    {{ rows_from('stg_delighted__responses') }}
    union all
    {{ rows_from('stg_intercom__conversations', where='score is not null') }}
    union all
    {{ rows_from('stg_zendesk__tickets_csv',
        answered_at='updated_at', twin_key='about_ref', where='score is not null', source_priority=2) }}
),

cut as (
    -- The contract of ready-made scores has the singular.
    select * replace (
        case when instrument = 'STAR' then 'STARS' else instrument end as instrument,
        {{ wording_of('wording', 'question', 'source', 'about_type') }} as wording
    )
    from delivered
    where {{ before_as_of('answered_at') }}
),

preferred as (
    {{ preferred_rows('cut', 'instrument') }}
),

scored as (
    select
        {{ key_of(['source', 'instrument', 'family', 'record_key']) }} as score_id,
        source,
        instrument,
        {{ survey_definition('instrument', 'scale_min', 'scale_max', 'wording') }} as definition_id,
        wording,
        scale_min,
        scale_max,
        score,
        cast((score - scale_min) / (scale_max - scale_min) as decimal(18, 6)) as score_share,
        family,
        identifier_type,
        identifier_value,
        answered_at,
        asked_at,
        about_type,
        about_ref,
        label,
        question,
        comment,
        response_channel,
        is_complete,
        source_file_id,
        source_row_number
    from preferred
)

select * from scored
