with customers as (
    select * from {{ ref('customer_weeks') }}
),

weeks as (
    select min(week) as first_week from {{ ref('weeks') }}
),

members as (
    select week, customer_id, 'rfm' as segment_set, rfm_segment as segment from customers
    union all
    select week, customer_id, 'lifecycle' as segment_set, lifecycle as segment from customers
),

-- Who was nobody's customer came from the prospects, who have no score; who bought once never is a prospect again.
moves as (
    select
        later.week,
        later.segment_set,
        coalesce(earlier.segment, case when later.segment_set = 'lifecycle' then 'prospect' else 'not_rated' end)
            as from_segment,
        later.segment as to_segment,
        count(*) as customers
    from members as later
    left join members as earlier
        on later.customer_id = earlier.customer_id
        and later.segment_set = earlier.segment_set
        and later.week = cast(earlier.week + interval 7 day as date)
    group by all
    union all
    select week, 'rfm', 'not_rated', 'not_rated', prospects from {{ ref('prospect_weeks') }}
    union all
    select week, 'lifecycle', 'prospect', 'prospect', prospects from {{ ref('prospect_weeks') }}
)

select
    moves.week,
    moves.segment_set,
    moves.from_segment,
    moves.to_segment,
    cast(sum(moves.customers) as bigint) as customers
from moves
cross join weeks
where moves.week > weeks.first_week
    and moves.customers > 0
group by all
