with delivered as (
    {{ rows_from('stg_surveymonkey__self_reports') }}
    union all
    {{ rows_from('stg_qualtrics__self_reports') }}
)

select
    {{ key_of(['source', 'record_key']) }} as report_id,
    source,
    channel,
    identifier_type,
    identifier_value,
    answered_at,
    is_complete,
    source_file_id,
    source_row_number
from delivered
where {{ before_as_of('answered_at') }}
