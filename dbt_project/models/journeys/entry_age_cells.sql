with transitions as (
    select moves.*
    from {{ ref('transitions_of_journeys') }} as moves
    inner join {{ ref('funnels') }} as funnels
        on moves.funnel = funnels.funnel and moves.mode = funnels.default_mode
),

parameters as (
    select * from {{ source('raw', 'run_parameters') }}
),

entries as (
    select
        transitions.*,
        {{ reporting_week('transitions.entered_at', 'parameters.time_zone') }} as week,
        {{ seconds_between('transitions.entered_at', 'parameters.as_of') }} as age_seconds,
        parameters.as_of
    from transitions
    cross join parameters
),

-- Only what is still open: a mature cohort is complete, whatever its ages.
aged as (
    select
        entries.*,
        {{ watched_hours('entries.age_seconds', 'entries.window_seconds') }} as age_hours
    from entries
    inner join {{ ref('weeks') }} as weeks on entries.week = weeks.week
    where {{ seconds_between('weeks.ends_at', 'entries.as_of') }} < entries.window_seconds
)

{% for breakdown in [
    'all', 'entry_channel', 'entry_campaign', 'entry_device', 'market', 'customer_type', 'segment_at_entry'
] -%}
select
    funnel,
    mode,
    from_stage,
    to_stage,
    window_seconds,
    week,
    '{{ breakdown }}' as breakdown,
    {{ "'all'" if breakdown == 'all' else breakdown }} as member,
    age_hours,
    count(*) as journeys
from aged
group by funnel, mode, from_stage, to_stage, window_seconds, week
    {%- if breakdown != 'all' %}, {{ breakdown }}{% endif %}, age_hours
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
