{#-
Channel grouping: the first rule that matches, custom rules before those of the rule set, evaluated once per distinct
combination and joined back by the caller. The rules are data (seeds custom_channel_rules, channel_rules and
source_categories); no channel name belongs here.

A rule row holds for what occurred from its valid_from (00:00 UTC) until a later row at the same position begins, so a
new version of the rules changes new touches only. A version is the valid_from of the newest rule in force.
Patterns match the whole of the lower-case value (absent reads as empty), written for RE2 and Java alike.
-#}

{#- What a channel is decided by. -#}
{% macro channel_tuple() -%}
    {{ return(['channel_source', 'channel_medium', 'campaign', 'channel_click_id_type', 'campaign_type']) }}
{%- endmacro %}

{#- Every rule of every rule set with the day it ends; a custom rule belongs to all of them and is asked first. -#}
{% macro all_channel_rules() -%}
    {%- set said = 'position, valid_from, channel, source_category, source_pattern, medium_pattern, campaign_pattern, '
        ~ 'click_id_type, campaign_type_pattern' -%}
    select
        listed.*,
        lead(valid_from) over (partition by ruleset, layer, position order by valid_from) as valid_until
    from (
        select ruleset, 1 as layer, {{ said }} from {{ ref('channel_rules') }}
        union all
        select rulesets.ruleset, 0 as layer, {{ said }}
        from {{ ref('custom_channel_rules') }}
        cross join (select distinct ruleset from {{ ref('channel_rules') }}) as rulesets
    ) as listed
{%- endmacro %}

{#- One row per rule set and version, with the day the next version begins. -#}
{% macro channel_versions() -%}
    select
        ruleset,
        valid_from as channel_version,
        lead(valid_from) over (partition by ruleset order by valid_from) as valid_until
    from (select distinct ruleset, valid_from from ({{ all_channel_rules() }}) as rules) as starts
{%- endmacro %}

{#- The version of the chosen rule set on every UTC day of a relation: day, channel_version. -#}
{% macro channel_days(relation, instant) -%}
    select days.day, versions.channel_version
    from (select distinct cast({{ instant }} as date) as day from {{ relation }}) as days
    inner join ({{ channel_versions() }}) as versions
        on versions.ruleset = '{{ var('channel_ruleset') }}'
        and days.day >= versions.channel_version
        and (versions.valid_until is null or days.day < versions.valid_until)
{%- endmacro %}

{#- The channel of every distinct combination and channel_version of a relation, by one rule set; `each_ruleset` reads
the rule set from the relation's own column instead. -#}
{% macro channels_of(relation, each_ruleset=false) -%}
    {%- set keys = (['ruleset'] if each_ruleset else []) + ['channel_version'] + channel_tuple() -%}
    select
        {%- for column in keys %}
        tuples.{{ column }},
        {%- endfor %}
        coalesce(min_by(rules.channel, (rules.layer, rules.position)), 'unassigned') as channel
    from (
        select distinct {{ keys | join(', ') }}
        from {{ relation }}
    ) as tuples
    left join (
        select sources.channel_source, min_by(listed.source_category, listed.position) as source_category
        from (select distinct channel_source from {{ relation }}) as sources
        inner join {{ ref('source_categories') }} as listed
            on regexp_full_match(lower(trim(sources.channel_source)), listed.source_pattern)
        group by sources.channel_source
    ) as categories on tuples.channel_source = categories.channel_source
    left join ({{ all_channel_rules() }}) as rules
        on rules.ruleset = {{ 'tuples.ruleset' if each_ruleset else "'" ~ var('channel_ruleset') ~ "'" }}
        and rules.valid_from <= tuples.channel_version
        and (rules.valid_until is null or rules.valid_until > tuples.channel_version)
        and (rules.source_category is null or rules.source_category = categories.source_category)
        and (rules.source_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.channel_source)), ''), rules.source_pattern))
        and (rules.medium_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.channel_medium)), ''), rules.medium_pattern))
        and (rules.campaign_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.campaign)), ''), rules.campaign_pattern))
        and (rules.click_id_type is null
            or regexp_full_match(coalesce(tuples.channel_click_id_type, ''), rules.click_id_type))
        and (rules.campaign_type_pattern is null
            or regexp_full_match(coalesce(tuples.campaign_type, ''), rules.campaign_type_pattern))
    group by {% for column in keys %}tuples.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- Null-safe equality of all a channel is decided by. -#}
{% macro same_channel_tuple(left, right) -%}
{%- for column in ['channel_version'] + channel_tuple() %}
{{ 'and ' if not loop.first }}{{ left }}.{{ column }} is not distinct from {{ right }}.{{ column }}
{%- endfor %}
{%- endmacro %}

{#- The family of a visit by what brought it; what is neither paid nor social nor e-mail is the site itself. -#}
{% macro channel_family(channel) -%}
case
            when {{ channel }} like 'paid%' or {{ channel }} in ('cross_network', 'display', 'affiliates', 'audio')
                then 'advertising'
            when {{ channel }} = 'organic_social' then 'social'
            when {{ channel }} = 'email' then 'email'
            else 'website'
        end
{%- endmacro %}
