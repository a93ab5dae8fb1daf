-- One row per week, stage and desk (and `all` of each) and whole hours: contacts solved after so many hours (`is_moved`), or
-- watched for so many and not solved.
with timed as (
    select
        *,
        resolution_seconds is not null as is_moved,
        case
            when resolution_seconds is not null then {{ lag_hours('resolution_seconds') }}
            else cast(floor(age_seconds / 3600.0) as bigint)
        end as hours
    from {{ ref('support_contacts') }}
)

select
    week,
    coalesce(stage, 'all') as stage,
    coalesce(source, 'all') as source,
    is_moved,
    hours,
    count(*) as contacts
from timed
group by grouping sets (
    (week, is_moved, hours), (week, is_moved, hours, stage), (week, is_moved, hours, source),
    (week, is_moved, hours, stage, source)
)
