with customers as (
    select * from {{ ref('customer_weeks') }}
),

weeks as (
    select min(week) as first_week, max(week) as last_week from {{ ref('weeks') }}
),

members as (
    select week, customer_id, 'rfm' as segment_set, rfm_segment as segment from customers where rfm_segment is not null
    union all
    select week, customer_id, 'lifecycle' as segment_set, lifecycle as segment from customers
),

moves as (
    select
        coalesce(later.week, cast(earlier.week + interval 7 day as date)) as week,
        coalesce(later.segment_set, earlier.segment_set) as segment_set,
        earlier.segment as from_segment,
        later.segment as to_segment
    from members as later
    full join members as earlier
        on later.customer_id = earlier.customer_id
        and later.segment_set = earlier.segment_set
        and later.week = cast(earlier.week + interval 7 day as date)
)

-- Who was nobody's customer came from the prospects; who has no score (nothing bought in the lookback) is not rated.
select
    moves.week,
    moves.segment_set,
    coalesce(moves.from_segment, case when moves.segment_set = 'lifecycle' then 'prospect' else 'not_rated' end)
        as from_segment,
    coalesce(moves.to_segment, 'not_rated') as to_segment,
    count(*) as customers
from moves
cross join weeks
where moves.week > weeks.first_week
    and moves.week <= weeks.last_week
group by all
