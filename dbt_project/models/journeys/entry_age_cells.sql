with moves as (
    {{ timed_moves() }}
),

-- Only what is still open: a mature cohort is complete, whatever its ages.
aged as (
    select
        moves.*,
        {{ watched_hours('moves.age_seconds', 'moves.window_seconds') }} as age_hours
    from moves
    inner join {{ ref('weeks') }} as weeks on moves.week = weeks.week
    where {{ seconds_between('weeks.ends_at', 'moves.as_of') }} < moves.window_seconds
)

{% for breakdown in ['all'] + entry_breakdowns() -%}
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
