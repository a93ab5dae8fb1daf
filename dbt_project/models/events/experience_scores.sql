with delivered as (
    {{ rows_from('stg_canonical__experience_scores', where='is_answer') }}
    union all
    {{ rows_from('stg_zendesk__satisfaction_ratings', where='score is not null') }}
    union all
    {{ rows_from('stg_typeform__responses',
        instrument="'NPS'", scale_min='0', scale_max='10', score='nps_score',
        where='nps_score is not null') }}
    union all
    {{ rows_from('stg_typeform__responses',
        instrument="'CSAT'", family="'commerce'", scale_min='1', scale_max='5', score='delivery_score',
        where='delivery_score is not null') }}
),

scored as (
    select
        {{ key_of(['source', 'instrument', 'family', 'record_key']) }} as score_id,
        source,
        instrument,
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
        comment,
        response_channel,
        is_complete,
        source_file_id,
        source_row_number
    from delivered
    where {{ before_as_of('answered_at') }}
)

select * from scored
