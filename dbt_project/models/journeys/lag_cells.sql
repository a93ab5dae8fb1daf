with transitions as (
    select moves.*
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

timed as (
    select
        funnel,
        mode,
        from_stage,
        to_stage,
        window_seconds,
        {{ reporting_week('entered_at', 'time_zone') }} as week,
        {{ seconds_between('entered_at', 'moved_at') }} as lag_seconds,
        {{ seconds_between('entered_at', 'as_of') }} as age_seconds
    from transitions
    cross join parameters
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
    from timed
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
