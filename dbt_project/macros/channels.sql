{#-
Channel grouping: the first rule of the chosen set that matches, evaluated once per distinct combination and joined back
by the caller. The rules are data (seeds channel_rules and source_categories); no channel name belongs here.

A rule row with a later valid_from replaces the row at the same position once the run's as_of has reached it.
Patterns match the whole of the lower-case value (absent reads as empty), written for RE2 and Java alike.
-#}
{% macro channels_of(relation) -%}
    select
        tuples.utm_source,
        tuples.utm_medium,
        tuples.campaign,
        tuples.click_id_type,
        tuples.campaign_type,
        coalesce(min_by(rules.channel, rules.position), 'unassigned') as channel
    from (
        select distinct utm_source, utm_medium, campaign, click_id_type, campaign_type
        from {{ relation }}
    ) as tuples
    left join (
        select sources.utm_source, min_by(listed.source_category, listed.position) as source_category
        from (select distinct utm_source from {{ relation }}) as sources
        inner join {{ ref('source_categories') }} as listed
            on regexp_full_match(lower(trim(sources.utm_source)), listed.source_pattern)
        group by sources.utm_source
    ) as categories on tuples.utm_source = categories.utm_source
    left join (
        select *
        from {{ ref('channel_rules') }} as dated
        where
            dated.ruleset = '{{ var('channel_ruleset') }}'
            and {{ before_as_of('cast(dated.valid_from as timestamp)') }}
            and not exists (
                select 1
                from {{ ref('channel_rules') }} as later
                where
                    later.ruleset = dated.ruleset
                    and later.position = dated.position
                    and later.valid_from > dated.valid_from
                    and {{ before_as_of('cast(later.valid_from as timestamp)') }}
            )
    ) as rules
        on (rules.source_category is null or rules.source_category = categories.source_category)
        and (rules.source_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.utm_source)), ''), rules.source_pattern))
        and (rules.medium_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.utm_medium)), ''), rules.medium_pattern))
        and (rules.campaign_pattern is null
            or regexp_full_match(coalesce(lower(trim(tuples.campaign)), ''), rules.campaign_pattern))
        and (rules.click_id_type is null or regexp_full_match(coalesce(tuples.click_id_type, ''), rules.click_id_type))
        and (rules.campaign_type_pattern is null
            or regexp_full_match(coalesce(tuples.campaign_type, ''), rules.campaign_type_pattern))
    group by tuples.utm_source, tuples.utm_medium, tuples.campaign, tuples.click_id_type, tuples.campaign_type
{%- endmacro %}

{#- Null-safe equality of the five values a channel is decided by. -#}
{% macro same_channel_tuple(left, right) -%}
{%- for column in ['utm_source', 'utm_medium', 'campaign', 'click_id_type', 'campaign_type'] %}
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
