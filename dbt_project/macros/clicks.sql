{#-
Click identifiers and hosts: which one a row carries, in one order for every source.
Add a click id here, to the seed identifier_types and to `IdentifierType` of the contracts; what a click is worth is
decided by the channel rules.
-#}

{#-
Every click id in the order they are asked, with the source and medium that an untagged click of it has. fbclid is put
on unpaid links as well, so it is asked last and says where a visit came from only when the referrer does not.
-#}
{% macro click_ids() -%}
    {{ return({
        'gclid': {'source': 'google', 'medium': 'cpc'},
        'gbraid': {'source': 'google', 'medium': 'cpc'},
        'wbraid': {'source': 'google', 'medium': 'cpc'},
        'msclkid': {'source': 'bing', 'medium': 'cpc'},
        'li_fat_id': {'source': 'linkedin', 'medium': 'paid_social'},
        'ttclid': {'source': 'tiktok', 'medium': 'paid_social'},
        'fbclid': {'source': 'facebook', 'medium': 'social'}
    }) }}
{%- endmacro %}

{#- The click ids in the query of an address, as columns; for a select list, with the comma behind the last. -#}
{% macro click_ids_of(url) -%}
    {%- for name in click_ids() %}
        {{ url_param(url, name) }} as {{ name }},
    {%- endfor %}
{%- endmacro %}

{#- Each click id beside the identifier of the browser (or person, or order) that carried it, for `edges_from`. -#}
{% macro click_pairs(identifier, confidence) -%}
    {%- set pairs = [] -%}
    {%- for name in click_ids() -%}
        {%- do pairs.append((identifier, name, 'same_record', confidence)) -%}
    {%- endfor -%}
    {{ return(pairs) }}
{%- endmacro %}

{% macro click_id_type(relation) -%}
case
            {%- for name in click_ids() %}
            when {{ relation }}.{{ name }} is not null then '{{ name }}'
            {%- endfor %}
        end
{%- endmacro %}

{% macro click_id(relation) -%}
coalesce({% for name in click_ids() %}{{ relation }}.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Source or medium of a click that carries no tags, by its click_id_type; `unpaid` asks for what unpaid links carry. -#}
{% macro click_origin(part, unpaid=false) -%}
case click_id_type
                {%- for name, origin in click_ids().items() if (name == 'fbclid') == unpaid %}
                when '{{ name }}' then '{{ origin[part] }}'
                {%- endfor %}
            end
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
