-- The weeks that segments are told of, the latest segment_history_weeks.
with weeks as (
    select * from {{ ref('weeks') }}
),

latest as (
    select max(week) as week from weeks
)

select
    weeks.week,
    weeks.ends_at,
    {{ week_number('weeks.week') }} as week_number,
    weeks.week = latest.week as is_latest
from weeks
cross join latest
where weeks.week > latest.week - interval {{ 7 * var('segment_history_weeks') }} day
