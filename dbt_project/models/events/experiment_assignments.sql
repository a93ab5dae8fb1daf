with delivered as (
    {{ rows_from('stg_canonical__experiment_assignments') }}
)

select
    {{ key_of(['source', 'record_key']) }} as assignment_id,
    source,
    experiment_id,
    variant,
    identifier_type,
    identifier_value,
    assigned_at,
    source_file_id,
    source_row_number
from delivered
where {{ before_as_of('assigned_at') }}
