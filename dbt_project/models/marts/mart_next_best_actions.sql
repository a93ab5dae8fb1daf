-- Of the rules a customer fits, the first three. Nothing is sent: `decision`, `owner` and `decided_at` are for people.
with asked as (
    {{ next_best_action_row() }}
),

matched as (
    {%- for rule in next_best_action_rules() %}
    {{ next_best_action_matches(rule) }}
    union all
    {%- endfor %}
    select cast(null as varchar), null, cast(null as integer), null, null where false
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id order by rule_rank, rule_id) as recommendation
    from matched
),

told as (
    {%- for rule in next_best_action_rules() %}
    select
        {%- for column in ['rule_id', 'rule_version', 'action', 'kind', 'reason', 'content', 'offer', 'channel', 'send_timing', 'required_consent'] %}
        nullif('{{ rule[column] | replace("'", "''") }}', '') as {{ column }},
        {%- endfor %}
        date '{{ rule.valid_from }}' as valid_from,
        cast({{ "date '" ~ rule.valid_to ~ "'" if rule.valid_to else 'null' }} as date) as valid_to
    union all
    {%- endfor %}
    select {{ (['null'] * 12) | join(', ') }} where false
)

select
    ranked.customer_id,
    cast(ranked.recommendation as bigint) as recommendation,
    ranked.rule_id,
    cast(told.rule_version as varchar) as rule_version,
    cast(told.action as varchar) as action,
    cast(told.kind as varchar) as kind,
    cast(told.reason as varchar) as reason,
    ranked.decided_by,
    {%- for column in ['content', 'offer', 'channel', 'send_timing', 'required_consent'] %}
    cast(told.{{ column }} as varchar) as {{ column }},
    {%- endfor %}
    ranked.consent_state,
    cast(null as varchar) as decision,
    cast(null as varchar) as owner,
    cast(null as timestamp) as decided_at,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from ranked
cross join {{ source('raw', 'run_parameters') }} as parameters
inner join told
    on ranked.rule_id = told.rule_id
    and {{ reporting_date('parameters.as_of', 'parameters.time_zone') }} >= told.valid_from
    and (told.valid_to is null or {{ reporting_date('parameters.as_of', 'parameters.time_zone') }} < told.valid_to)
where ranked.recommendation <= 3
