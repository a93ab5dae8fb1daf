{#-
What to do next with a customer: the row that rules are asked of, and the rules as SQL. What the rules are stands in the
seed next_best_action_rules; `next_best_action_rules()` is written from it.
Add here: a column of the row, with its line in COLUMNS of journey_pipeline/next_best_actions.py. Sending anything must
not be here, nor anywhere else.
-#}

{#- One row per customer: the feature row of the last week, every set by name, stage, predictions, consents. -#}
{% macro next_best_action_row() -%}
    select
        numbers.customer_id,
        {%- for column in next_best_action_features() %}
        features.{{ column }},
        {%- endfor %}
        {%- for set in segment_sets() %}
        segments.{{ set.name }},
        {%- endfor %}
        {%- for column in next_best_action_predictions() %}
        scores.{{ column }},
        {%- endfor %}
        {%- for purpose in consent_purposes() %}
        consents.consent_{{ purpose }},
        {%- endfor %}
        stages.stage as current_stage,
        answers.last_answer_share,
        {{ seconds_between('answers.answered_at', 'parameters.as_of') }} / 86400.0 as days_since_last_answer,
        {{ seconds_between('contacts.contacted_at', 'parameters.as_of') }} / 86400.0 as days_since_last_contact
    from {{ ref('segment_features') }} as features
    inner join {{ ref('customer_numbers') }} as numbers on features.customer_number = numbers.customer_number
    cross join {{ source('raw', 'run_parameters') }} as parameters
    left join (
        select customer_number
            {%- for set in segment_sets() %},
            max(case when segment_set = '{{ set.name }}' then segment end) as {{ set.name }}
            {%- endfor %}
        from {{ ref('customer_segments') }}
        group by customer_number
    ) as segments on features.customer_number = segments.customer_number
    left join (
        select customer_id
            {%- for column, score in next_best_action_predictions().items() %},
            max(case when target = '{{ score[0] }}' and outcome = '{{ score[1] }}' then value end) as {{ column }}
            {%- endfor %}
        from {{ source('measures', 'prediction_scores') }}
        group by customer_id
    ) as scores on numbers.customer_id = scores.customer_id
    left join (
        select customer_id
            {%- for purpose in consent_purposes() %},
            max(case when purpose = '{{ purpose }}' then state end) as consent_{{ purpose }}
            {%- endfor %}
        from {{ ref('customer_consents') }}
        where is_current
        group by customer_id
    ) as consents on numbers.customer_id = consents.customer_id
    left join (
        select customer_id, max_by(furthest_stage_number, journey_number) as stage_number
        from {{ ref('journeys') }}
        group by customer_id
    ) as journeys on numbers.customer_id = journeys.customer_id
    left join {{ ref('stages') }} as stages
        on stages.funnel = 'journey' and journeys.stage_number = stages.stage_number
    left join (
        select
            customer_id,
            max(answered_at) as answered_at,
            max_by(cast(score_share as double), (answered_at, score_id)) as last_answer_share
        from {{ ref('experience_answers') }}
        where customer_id is not null
        group by customer_id
    ) as answers on numbers.customer_id = answers.customer_id
    left join (
        select customer_id, max(occurred_at) as contacted_at
        from {{ ref('customer_touchpoints') }}
        where interaction_type in ('ticket_created', 'conversation_started') and customer_id is not null
        group by customer_id
    ) as contacts on numbers.customer_id = contacts.customer_id
    where features.is_latest
{%- endmacro %}

{#- Whom one rule fits, with the values that decided. Without its consent a rule fits nobody. -#}
{% macro next_best_action_matches(rule) -%}
    select
        asked.customer_id,
        '{{ rule.rule_id }}' as rule_id,
        cast({{ rule['rank'] }} as integer) as rule_rank,
        concat_ws(', '
            {%- for column in rule.asks %},
            '{{ column.name }} ' || coalesce({{ told_value('asked.' ~ column.name, column.kind) }}, 'none')
            {%- endfor %}) as decided_by,
        {% if rule.required_consent %}asked.consent_{{ rule.required_consent }}{% else %}cast(null as varchar){% endif %} as consent_state
    from asked
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where ({{ rule.rule }})
        {%- if rule.required_consent %}
        and asked.consent_{{ rule.required_consent }} in ('granted', 'implied')
        {%- endif %}
        and {{ reporting_date('parameters.as_of', 'parameters.time_zone') }} >= date '{{ rule.valid_from }}'
        {%- if rule.valid_to %}
        and {{ reporting_date('parameters.as_of', 'parameters.time_zone') }} < date '{{ rule.valid_to }}'
        {%- endif %}
{%- endmacro %}

{#- A value as a person reads it; money and shares to three places. -#}
{% macro told_value(column, kind) -%}
{%- if kind == 'double' -%} cast(cast({{ column }} as decimal(18, 3)) as varchar) {%- else -%} cast({{ column }} as varchar) {%- endif -%}
{%- endmacro %}
