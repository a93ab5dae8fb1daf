with parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

types as (
    select conversion_type, max_steps from {{ ref('conversion_types') }}
),

-- Clicks alone make a path, as they alone earn rule credit.
steps as (
    select
        conversion_type || ':' || conversion_id as path_id,
        conversion_type,
        week,
        customer_id,
        value,
        channel,
        position
    from {{ ref('conversion_touches') }}
    where touch_type = 'click'
    union all
    select
        md5(path_ends.conversion_type || path_ends.customer_id || ':' || path_ends.run_number),
        path_ends.conversion_type,
        {{ reporting_week('path_ends.ended_at', 'parameters.time_zone') }},
        path_ends.customer_id,
        null,
        path_ends.channel,
        row_number() over (
            partition by path_ends.conversion_type, path_ends.customer_id, path_ends.run_number
            order by path_ends.touched_at, path_ends.touchpoint_id
        )
    from {{ ref('path_ends') }} as path_ends
    cross join parameters
),

-- The step cap keeps the last steps of a lost path as well as of a converting one.
capped as (
    select steps.*
    from (select *, max(position) over (partition by path_id) - position as steps_after from steps) as steps
    inner join types on steps.conversion_type = types.conversion_type
    where types.max_steps is null or steps.steps_after < types.max_steps
),

{{ transformed_paths('capped', var('path_transforms')) }},

paths as (
    select
        path_id,
        min(conversion_type) as conversion_type,
        min(week) as week,
        min(customer_id) as customer_id,
        min(value) as value,
        {{ ordered_text('channel', ' > ', 'position') }} as path
    from transformed
    group by path_id
)

select
    week,
    conversion_type,
    {{ resampling_bucket('customer_id') }} % 20 as bucket,
    path,
    count(value) as conversions,
    coalesce(sum(value), 0) as value,
    count(*) - count(value) as nulls
from paths
group by week, conversion_type, {{ resampling_bucket('customer_id') }} % 20, path
