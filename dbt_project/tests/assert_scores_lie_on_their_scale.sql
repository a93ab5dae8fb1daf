-- An answer lies on the scale of its question, and its share between 0 and 1.
select score_id, instrument, score, scale_min, scale_max, score_share, source_file_id, source_row_number
from {{ ref('experience_scores') }}
where score not between scale_min and scale_max or score_share not between 0 and 1
