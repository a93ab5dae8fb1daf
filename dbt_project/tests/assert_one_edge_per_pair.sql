-- One row per source and pair, and no identifier is tied to itself.
select source, a_type, a_value, b_type, b_value, count(*) as row_count
from {{ ref('identifier_edges') }}
group by source, a_type, a_value, b_type, b_value
having count(*) > 1 or (a_type = b_type and a_value = b_value)
