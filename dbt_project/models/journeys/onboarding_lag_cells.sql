-- One row per week of purchase, breakdown, member and whole hours: purchases with their first value after so many hours
-- (`is_moved`), or watched for so many without one.
with timed as (
    select
        *,
        value_seconds is not null as is_moved,
        case
            when value_seconds is not null then {{ lag_hours('value_seconds') }} else cast(floor(age_seconds / 3600.0) as bigint)
        end as hours
    from {{ ref('purchase_followups') }}
)

select
    week,
    case
        {%- for name in pain_breakdowns() %} when grouping({{ name }}) = 0 then '{{ name }}'{% endfor %}
        else 'all' end as breakdown,
    coalesce({{ pain_breakdowns() | join(', ') }}, 'all') as member,
    is_moved,
    hours,
    count(*) as purchases
from timed
group by grouping sets (
    (week, is_moved, hours){% for name in pain_breakdowns() %}, (week, is_moved, hours, {{ name }}){% endfor %}
)
