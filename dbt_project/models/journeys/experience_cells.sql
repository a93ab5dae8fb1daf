{%- set sets = ['lifecycle', 'persona'] %}
{%- set key = 'week, stage, family, instrument, definition_id, segment_set, segment' %}
with answers as (
    select answers.*, {{ seconds_between('coalesce(orders.occurred_at, answers.asked_at)', 'answers.answered_at') }} as lag
    from {{ ref('weighted_answers') }} as answers
    left join (
        select order_ref, min(occurred_at) as occurred_at
        from {{ ref('customer_conversions') }}
        where conversion_type = 'order' and order_ref is not null
        group by order_ref
    ) as orders
        on answers.about_type = 'order' and answers.about_ref = orders.order_ref
        and orders.occurred_at <= answers.answered_at
),

invited as (
    select * from {{ ref('invited_customers') }}
),

-- A tool that never tells whom it asked leaves the response rate unknown, not zero.
telling as (
    select distinct definition_id, source from invited
),

told as (
    select answers.*, telling.source is not null as tells_who_was_asked
    from answers
    left join telling on answers.definition_id = telling.definition_id and answers.source = telling.source
),

answered as (
    {%- for set in ['all'] + sets %}
    select
        week, stage, family, instrument, definition_id,
        '{{ set }}' as segment_set,
        {{ "'all'" if set == 'all' else set }} as segment,
        min(segment_as_of) as segment_as_of,
        count(*) as answers,
        count(*) filter (where is_scored) as scored,
        {%- for name in ['promoter', 'detractor', 'positive'] %}
        count(*) filter (where is_{{ name }}) as {{ name }}s,
        sum(case when is_{{ name }} then weight else 0 end) as weighted_{{ name }}s,
        {%- endfor %}
        sum(case when is_scored then weight else 0 end) as weights,
        sum(case when is_scored then weight * weight else 0 end) as squared_weights,
        count(stratum) as weighed_answers,
        sum(score) as score_sum,
        {{ exact_quantile('lag', 0.5) }} as median_lag_seconds,
        bool_and(tells_who_was_asked) as tells_who_was_asked
    from told
    group by week, stage, family, instrument, definition_id{{ '' if set == 'all' else ', ' ~ set }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

asked as (
    {%- for set in ['all'] + sets %}
    select
        week, stage, family, instrument, definition_id,
        '{{ set }}' as segment_set,
        {{ "'all'" if set == 'all' else set }} as segment,
        min(segment_as_of) as segment_as_of,
        count(*) as invitations,
        count(*) filter (where is_answered) as invitations_answered
    from invited
    group by week, stage, family, instrument, definition_id{{ '' if set == 'all' else ', ' ~ set }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    {% for column in key.split(', ') -%}
    coalesce(answered.{{ column }}, asked.{{ column }}) as {{ column }},
    {% endfor -%}
    coalesce(answered.segment_as_of, asked.segment_as_of) as segment_as_of,
    {%- for column in ['answers', 'scored', 'promoters', 'detractors', 'positives', 'weighted_promoters',
        'weighted_detractors', 'weighted_positives', 'weights', 'squared_weights', 'weighed_answers', 'score_sum'] %}
    coalesce(answered.{{ column }}, 0) as {{ column }},
    {%- endfor %}
    answered.median_lag_seconds,
    coalesce(answered.tells_who_was_asked, true) as tells_who_was_asked,
    asked.invitations,
    asked.invitations_answered
from answered
full join asked
    on answered.week = asked.week and answered.stage = asked.stage and answered.family = asked.family
    and answered.definition_id = asked.definition_id
    and answered.segment_set = asked.segment_set and answered.segment = asked.segment
