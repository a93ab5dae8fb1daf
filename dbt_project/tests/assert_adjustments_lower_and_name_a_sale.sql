-- Refunds and voids are negative and say which sale they take back.
select conversion_id, conversion_type, gross_amount, source_file_id, source_row_number
from {{ ref('conversions') }}
where conversion_type in ('refund', 'void') and (gross_amount > 0 or adjusts_conversion_id is null)
