-- Who was asked to rate something, by the sources that tell it; the others export who answered.
with delivered as (
    {{ rows_from('stg_zendesk__satisfaction_ratings', twin_key='about_ref', where="score_label <> 'unoffered'",
        is_answered='score is not null') }}
    union all
    {{ rows_from('stg_intercom__conversations', where='asked_at is not null', is_answered='score is not null') }}
    union all
    {{ rows_from('stg_zendesk__tickets_csv', asked_at='coalesce(solved_at, updated_at)', twin_key='about_ref',
        where="score is not null or lower(label) = 'offered'", is_answered='score is not null', source_priority=2) }}
),

cut as (
    select
        * exclude (invitation_id, definition_id),
        {{ survey_definition('instrument', 'scale_min', 'scale_max',
            wording_of('null', 'null', 'source', 'about_type')) }} as definition_id
    from delivered
    where {{ before_as_of('asked_at') }}
),

preferred as (
    {{ preferred_rows('cut', 'instrument') }}
),

-- Zendesk writes an offer and the rating that follows as two records: what was asked about one thing is one invitation.
numbered as (
    select
        * exclude (asked_at, is_answered),
        min(asked_at) over thing as asked_at,
        bool_or(is_answered) over thing as is_answered,
        row_number() over (
            partition by source, definition_id, coalesce(about_ref, record_key) order by asked_at, record_key
        ) as place
    from preferred
    window thing as (partition by source, definition_id, coalesce(about_ref, record_key))
)

select
    {{ key_of(['source', 'instrument', 'family', 'record_key']) }} as invitation_id,
    source,
    instrument,
    definition_id,
    scale_min,
    scale_max,
    family,
    identifier_type,
    identifier_value,
    about_type,
    about_ref,
    asked_at,
    is_answered,
    source_file_id,
    source_row_number
from numbered
where place = 1
