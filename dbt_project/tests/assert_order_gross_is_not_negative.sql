-- A sale is never negative: what takes a sale back is a row of its own.
select conversion_id, gross_amount, source_file_id, source_row_number
from {{ ref('conversions') }}
where conversion_type in ('order', 'opportunity_won', 'lead') and gross_amount < 0
