{#-
Which touches may be measured. Add here what decides whether a touch is one; what it earns is a rule of credit_rules.
-#}

{#- Whether a consent for a purpose governs touches of a family, by a variable: purpose, and one family, several or any. -#}
{% macro is_governed(purpose, family, by='credit_consents') -%}
(
        {%- for governing, governed in var(by).items() %}
        {%- set families = [governed] if governed is string else governed %}
        {{ purpose }} = '{{ governing }}'{% if governed != 'any' %} and {{ family }} in ('{{ families | join("', '") }}'){% endif %}
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Whether the touch's own source says that it was denied; a source that says nothing denies nothing. -#}
{% macro is_denied_at_the_touch(by='credit_consents') -%}
coalesce(
            (not consent_analytics and {{ is_governed("'analytics'", 'family', by) }})
            or (not consent_ads and {{ is_governed("'ads'", 'family', by) }}),
            false
        )
{%- endmacro %}

{#- Whether a touchpoint was seen and brought nobody. -#}
{% macro is_view() -%}
interaction_type in ('{{ var("view_interactions") | join("', '") }}')
{%- endmacro %}

{#- How far back a touch may earn credit: what is said of its channel, else what its conversion type says. -#}
{% macro lookback_seconds(touch, type, channel) -%}
case {{ touch }}.touch_type
            when 'view' then coalesce({{ channel }}.view_lookback_seconds, {{ type }}.view_lookback_seconds)
            else coalesce({{ channel }}.click_lookback_seconds, {{ type }}.click_lookback_seconds)
        end
{%- endmacro %}
