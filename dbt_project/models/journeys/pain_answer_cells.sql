-- One row per week of entry, step, breakdown and member with answers of those who entered, given within the time allowed
-- for the step; step `all` holds every answer by the week it was given.
{%- set members = pain_breakdowns() %}
with answers as (
    select
        answers.*,
        coalesce({{ is_bad_answer('answers') }}, false) as is_bad
    from {{ ref('experience_answers') }} as answers
),

felt as (
    select units.kind, units.step, units.week, answers.is_bad
        {%- for name in members %}, units.{{ name }}{% endfor %}
    from {{ ref('pain_units') }} as units
    inner join answers
        on units.customer_id = answers.customer_id
        and {{ seconds_between('units.began_at', 'answers.answered_at') }} between 0 and units.window_seconds
)

select
    kind,
    step,
    week,
    case
        {%- for name in members %} when grouping({{ name }}) = 0 then '{{ name }}'{% endfor %}
        else 'all' end as breakdown,
    coalesce({{ members | join(', ') }}, 'all') as member,
    count(*) as answers,
    count(*) filter (where is_bad) as bad_answers
from felt
group by grouping sets (
    (kind, step, week){% for name in members %}, (kind, step, week, {{ name }}){% endfor %}
)
union all
select 'all', 'all', week, 'all', 'all', count(*), count(*) filter (where is_bad)
from answers
group by week
