{#-
Who is no person: by the user agent, or by the pace of a device. The words of robots are generated from the package
crawlerdetect into _bot_patterns.sql, so a new robot comes with a new version of the package, never by hand.
-#}

{#- True for a robot, false for a browser, null when there is no user agent. -#}
{% macro is_bot_user_agent(column) %}{{ return(adapter.dispatch('is_bot_user_agent')(column)) }}{% endmacro %}
{% macro duckdb__is_bot_user_agent(column) -%}
regexp_matches(trim(regexp_replace({{ column }}, {{ browser_words() }}, '', 'gi')), {{ bot_words() }}, 'i')
{%- endmacro %}

{#- mobile, tablet or desktop by the user agent; null when it does not say. -#}
{% macro device_of_user_agent(column) -%}
case
        when regexp_matches({{ column }}, 'iPad|Tablet|PlayBook|Kindle') then 'tablet'
        when {{ column }} like '%Android%' and {{ column }} not like '%Mobi%' then 'tablet'
        when regexp_matches({{ column }}, 'Mobi|iPhone|iPod|Android') then 'mobile'
        when regexp_matches({{ column }}, 'Windows|Macintosh|X11|CrOS') then 'desktop'
    end
{%- endmacro %}

{#-
Devices and days that behaved like a robot or bought, of hits with `occurred_at` and `interaction_type`. Robots have
over 500 hits a day, or 20 and more at over 2 a second; what a page measures of itself is no hit.
-#}
{% macro machine_days(relation, visitor, day, visit) -%}
select
        {{ visitor }},
        {{ day }},
        cast(sum(hit_count) as bigint) as hit_count,
        case
            when sum(hit_count) > 500 then 'rate_day'
            when bool_or(hit_count >= 20 and hit_count > 2 * duration_seconds) then 'rate_second'
        end as rate_rule,
        bool_or(has_purchase) as has_purchase
    from (
        select
            {{ visitor }},
            {{ day }},
            {{ visit }},
            count(*) as hit_count,
            epoch(max(occurred_at)) - epoch(min(occurred_at)) as duration_seconds,
            bool_or(interaction_type = 'purchase') as has_purchase
        from {{ relation }}
        where {{ visitor }} is not null and not {{ is_measurement('interaction_type') }}
        group by {{ visitor }}, {{ day }}, {{ visit }}
    ) as visits
    group by {{ visitor }}, {{ day }}
    having
        sum(hit_count) > 500
        or bool_or(hit_count >= 20 and hit_count > 2 * duration_seconds)
        or bool_or(has_purchase)
{%- endmacro %}

{#-
The first rule for robots (docs/channels.md) that the device behind a hit broke; null where none. Of a relation with user_agent,
page_host and is_from_server. What a server sends carries the server's own user agent, which is a library's. A missing
one says something only of browsers, and only where the source tells them: in at least nine of ten hits on pages.
-#}
{% macro machine_rule(relation, hit, days, is_internal='false', is_spider='false') -%}
case
            when {{ is_internal }} then 'internal'
            when {{ hit }}.user_agent is null and {{ hit }}.page_host is not null and not {{ hit }}.is_from_server
                and (
                    select 10 * count(user_agent) >= 9 * count(*)
                    from {{ relation }}
                    where page_host is not null and not is_from_server
                ) then 'ua_missing'
            when {{ is_spider }} then 'ua_pattern'
            when not {{ hit }}.is_from_server and {{ is_bot_user_agent(hit ~ '.user_agent') }} then 'ua_pattern'
            else {{ days }}.rate_rule
        end
{%- endmacro %}

{#- Somebody who buys is never set aside silently, but for our own people. -#}
{% macro machine_flags() -%}
machine_rule is not null and machine_rule <> 'internal' and coalesce(has_purchase, false) as needs_review,
        machine_rule is not null and machine_rule <> 'internal' and not coalesce(has_purchase, false)
            as is_machine
{%- endmacro %}
