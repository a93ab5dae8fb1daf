with hits as (
    select * from {{ ref('staged_hits') }}
),

pages as (
    select
        hit_id,
        session_id,
        week,
        stage,
        page_path,
        occurred_at,
        lag(page_path) over visit as page_before,
        lag(page_path, 2) over visit as page_before_that,
        lag(page_group) over visit as group_before,
        lag(occurred_at) over visit as occurred_before
    from hits
    where signal = 'page_view' and session_id is not null
    window visit as (partition by session_id order by occurred_at, hit_id)
),

signals as (
    select session_id, week, stage, page_group, signal
    from hits
    where signal not in ('page_view', 'other', 'web_vital')
    union all
    -- Somebody who is back within ten seconds did not want the page that lay between.
    select session_id, week, stage, group_before, 'quick_back'
    from pages
    where page_before_that = page_path
        and page_before <> page_path
        and {{ seconds_between('occurred_before', 'occurred_at') }} <= 10
),

visits as (
    select distinct session_id, week, stage, page_group
    from hits
    where session_id is not null
    union
    select session_id, week, stage, page_group from signals where session_id is not null
),

visited as (
    select
        week,
        coalesce(stage, 'all') as stage,
        coalesce(page_group, 'all') as page_group,
        count(distinct session_id) as sessions
    from visits
    group by grouping sets ((week, stage, page_group), (week, stage), (week, page_group), (week))
),

affected as (
    select
        week,
        coalesce(stage, 'all') as stage,
        coalesce(page_group, 'all') as page_group,
        signal,
        count(*) as events,
        count(distinct session_id) as affected_sessions
    from signals
    group by grouping sets (
        (week, signal, stage, page_group), (week, signal, stage), (week, signal, page_group), (week, signal)
    )
),

-- A week without a rage click where there were some is a measured zero.
known as (
    select distinct stage, page_group, signal from affected
),

weeks as (
    select week, stage, page_group from visited
    union
    select week, stage, page_group from affected
)

select
    weeks.week,
    weeks.stage,
    weeks.page_group,
    known.signal,
    coalesce(affected.events, 0) as events,
    coalesce(affected.affected_sessions, 0) as affected_sessions,
    coalesce(visited.sessions, 0) as sessions
from weeks
inner join known on weeks.stage = known.stage and weeks.page_group = known.page_group
left join visited
    on weeks.week = visited.week and weeks.stage = visited.stage and weeks.page_group = visited.page_group
left join affected
    on weeks.week = affected.week
    and weeks.stage = affected.stage
    and weeks.page_group = affected.page_group
    and known.signal = affected.signal
