with converting as (
    select
        conversion_id as path_id,
        conversion_type,
        week,
        value,
        channel,
        position
    from {{ ref('conversion_touches') }}
),

silent as (
    select
        md5(path_ends.conversion_type || path_ends.customer_id || ':' || path_ends.run_number) as path_id,
        path_ends.conversion_type,
        {{ reporting_week('path_ends.ended_at', 'parameters.time_zone') }} as week,
        cast(null as decimal(18, 6)) as value,
        path_ends.channel,
        row_number() over (
            partition by path_ends.conversion_type, path_ends.customer_id, path_ends.run_number
            order by path_ends.touched_at, path_ends.touchpoint_id
        ) as position
    from {{ ref('path_ends') }} as path_ends
    cross join {{ source('raw', 'run_parameters') }} as parameters
),

steps as (
    select * from converting
    union all
    select * from silent
),

marked as (
    select
        *,
        lag(channel) over (partition by path_id order by position) as previous_channel
    from steps
),

paths as (
    select
        path_id,
        min(conversion_type) as conversion_type,
        min(week) as week,
        min(value) as value,
        {{ ordered_text('channel', ' > ', 'position') }} as path
    from marked
    where previous_channel is distinct from channel
    group by path_id
)

select
    week,
    conversion_type,
    path,
    count(value) as conversions,
    coalesce(sum(value), 0) as value,
    count(*) - count(value) as nulls
from paths
group by week, conversion_type, path
