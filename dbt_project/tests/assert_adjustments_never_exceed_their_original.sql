-- Refunds and voids take back what was charged, and no more.
select
    originals.conversion_id,
    originals.gross_amount,
    sum(adjustments.gross_amount) as adjusted_amount,
    originals.source_file_id,
    originals.source_row_number
from {{ ref('conversions') }} as originals
inner join {{ ref('conversions') }} as adjustments on originals.conversion_id = adjustments.adjusts_conversion_id
group by originals.conversion_id, originals.gross_amount, originals.source_file_id, originals.source_row_number
having originals.gross_amount + sum(adjustments.gross_amount) < 0
