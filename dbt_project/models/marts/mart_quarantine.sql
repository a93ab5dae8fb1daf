select
    file_id,
    contract,
    file_name,
    row_number,
    column_name,
    rule,
    expected,
    found_shape
from {{ source('raw', 'quarantine') }}
