select
    source,
    events_table,
    week,
    count(distinct source_file_id) as late_files,
    cast(sum(records) as bigint) as late_records
from {{ ref('late_records') }}
group by source, events_table, week
