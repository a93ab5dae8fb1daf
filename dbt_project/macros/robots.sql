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
Devices and days that behaved like a robot, of hits with `occurred_at` and `interaction_type`. METHODS 4: over 500 hits
a day, or 20 and more at over 2 a second; what a page measures of itself is no hit. Somebody who buys is never set aside
silently.
-#}
{% macro machine_days(relation, visitor, day, visit) -%}
select {{ visitor }}, {{ day }}, cast(sum(hit_count) as bigint) as hit_count
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
        (sum(hit_count) > 500 or bool_or(hit_count >= 20 and hit_count > 2 * duration_seconds))
        and not bool_or(has_purchase)
{%- endmacro %}
