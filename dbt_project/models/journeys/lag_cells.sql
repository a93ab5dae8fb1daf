with moves as (
    {{ timed_moves() }}
),

watched as (
    select
        funnel,
        mode,
        from_stage,
        to_stage,
        window_seconds,
        week,
        coalesce(lag_seconds <= window_seconds, false) as is_moved,
        case
            when lag_seconds <= window_seconds then {{ lag_hours('lag_seconds') }}
            else {{ watched_hours('age_seconds', 'window_seconds') }}
        end as hours
    from moves
)

select
    funnel,
    mode,
    from_stage,
    to_stage,
    window_seconds,
    week,
    is_moved,
    hours,
    count(*) as journeys
from watched
group by funnel, mode, from_stage, to_stage, window_seconds, week, is_moved, hours
