select
    file_id,
    contract,
    file_name,
    path,
    outcome,
    records,
    accepted,
    quarantined,
    dropped,
    superseded,
    period_start,
    period_end
from {{ source('raw', 'source_files') }}
