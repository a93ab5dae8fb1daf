{#-
Click identifiers and hosts: which one a row carries, in one order for every source.
Add a click id here and to the seed identifier_types; what a click is worth is decided by the channel rules.
-#}

{% macro click_id_type(relation) -%}
case
            when {{ relation }}.gclid is not null then 'gclid'
            when {{ relation }}.gbraid is not null then 'gbraid'
            when {{ relation }}.wbraid is not null then 'wbraid'
            when {{ relation }}.msclkid is not null then 'msclkid'
            when {{ relation }}.fbclid is not null then 'fbclid'
        end
{%- endmacro %}

{% macro click_id(relation) -%}
coalesce(
            {{ relation }}.gclid, {{ relation }}.gbraid, {{ relation }}.wbraid, {{ relation }}.msclkid, {{ relation }}.fbclid
        )
{%- endmacro %}

{% macro is_google_ads() -%}
(click_id_type in ('gclid', 'gbraid', 'wbraid') or (utm_source = 'google' and utm_medium like '%cp%'))
{%- endmacro %}

{#- True when both hosts belong to one site: equal once a leading service name is cut, or one is a subdomain of it. -#}
{% macro is_same_site(host, page_host) -%}
    {%- set services = '^(www|shop|store|app|checkout|pay|community|forum|blog|help|support|m)[.]' -%}
    {%- set site = "regexp_replace(" ~ page_host ~ ", '" ~ services ~ "', '')" -%}
({{ host }} = {{ site }} or {{ host }} like '%.' || {{ site }})
{%- endmacro %}
