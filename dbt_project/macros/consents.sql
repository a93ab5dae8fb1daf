{#-
Consent logs as decisions. Add what all consent tools share; what one tool calls its purposes belongs in its staging
model.

`relation` has one row per logged decision and purpose: source, record_key, identifier_type, identifier_value, purpose,
state, occurred_at, policy_version and whatever else the caller wants to keep. Given back is one row per decision that
changes something: a state logged again under the same policy is left out, a grant taken back is `withdrawn`, and
`valid_until` is when the subject decided anew or a later policy first appeared in the log, which voids what was agreed
to before. Who has no identifier is counted, decision by decision.
-#}
{% macro consent_decisions(relation) -%}
    select
        decided.* exclude (state, previous_state, previous_policy, subject_key),
        case
            when decided.state = 'denied' and decided.previous_state in ('granted', 'implied') then 'withdrawn'
            else decided.state
        end as state,
        least(
            case when decided.identifier_value is not null then
                lead(decided.occurred_at) over (
                    partition by decided.subject_key, decided.purpose order by decided.occurred_at, decided.record_key
                )
            end,
            case when policies.replaced_at > decided.occurred_at then policies.replaced_at end
        ) as valid_until
    from (
        select *
        from (
            select
                logged.*,
                -- A row without a subject is a subject of its own.
                coalesce(logged.identifier_type || ':' || logged.identifier_value, logged.record_key) as subject_key,
                lag(logged.state) over subject as previous_state,
                lag(logged.policy_version) over subject as previous_policy
            from {{ relation }} as logged
            window subject as (
                partition by
                    coalesce(logged.identifier_type || ':' || logged.identifier_value, logged.record_key),
                    logged.purpose
                order by logged.occurred_at, logged.record_key
            )
        ) as compared
        where state is distinct from previous_state or policy_version is distinct from previous_policy
    ) as decided
    left join (
        select versions.policy_version, min(later.first_seen_at) as replaced_at
        from ({{ policy_versions(relation) }}) as versions
        inner join ({{ policy_versions(relation) }}) as later on versions.version_number < later.version_number
        group by versions.policy_version
    ) as policies on decided.policy_version = policies.policy_version
{%- endmacro %}

{% macro policy_versions(relation) -%}
select
                policy_version,
                try_cast(policy_version as decimal(18, 6)) as version_number,
                min(occurred_at) as first_seen_at
            from {{ relation }}
            group by policy_version
{%- endmacro %}
