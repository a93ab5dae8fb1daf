-- One row per week of purchase, breakdown and member: who began to use it within 7 and 14 days, who may still, and whom we
-- wrote to.
{%- set spans = [('7d', 7), ('14d', 14)] %}
with purchases as (
    select
        *,
        {%- for name, days in spans %}
        coalesce(value_seconds <= {{ days * 86400 }}, false) as is_activated_{{ name }},
        age_seconds < {{ days * 86400 }} as is_young_{{ name }},
        {%- endfor %}
        coalesce(least(outbound_seconds, survey_seconds) <= {{ var('followup_days') }} * 86400, false) as is_followed_up
    from {{ ref('purchase_followups') }}
)

select
    week,
    case
        {%- for name in pain_breakdowns() %} when grouping({{ name }}) = 0 then '{{ name }}'{% endfor %}
        else 'all' end as breakdown,
    coalesce({{ pain_breakdowns() | join(', ') }}, 'all') as member,
    count(*) as purchasers,
    {%- for name, days in spans %}
    count(*) filter (where is_activated_{{ name }}) as activated_{{ name }},
    count(*) filter (where not is_activated_{{ name }} and is_young_{{ name }}) as open_{{ name }},
    {%- endfor %}
    count(*) filter (where is_followed_up) as followed_up,
    count(*) filter (where not is_followed_up and age_seconds < {{ var('followup_days') }} * 86400) as open_follow_up
from purchases
group by grouping sets ((week){% for name in pain_breakdowns() %}, (week, {{ name }}){% endfor %})
