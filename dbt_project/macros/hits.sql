{#-
Website and app hits, whichever tracker sent them: where a hit came from, what it is called, whether it may be one.
Add what two trackers share; the fields of one vendor belong in its staging model.
-#}

{#- Every foreign host that sent visitors, named as a source, of hits with page_host and referrer_host. -#}
{% macro named_referrers(relation) -%}
    -- The shop, the app and the checkout of one site send visitors to each other: that is no source.
    with foreign_hosts as (
        select distinct page_host, referrer_host
        from {{ relation }}
        where
            referrer_host is not null
            and not coalesce({{ is_same_site('referrer_host', 'page_host') }}, false)
    ),

    categorised as (
        select
            foreign_hosts.page_host,
            foreign_hosts.referrer_host,
            min_by(source_categories.source_category, source_categories.position) as source_category,
            min_by(source_categories.source_name, source_categories.position) as source_name
        from foreign_hosts
        left join {{ ref('source_categories') }} as source_categories
            on regexp_full_match(foreign_hosts.referrer_host, source_categories.source_pattern)
        group by foreign_hosts.page_host, foreign_hosts.referrer_host
    )

    -- A payment page returns the buyer to the shop; the sale was earned before.
    select
        page_host,
        referrer_host,
        coalesce(source_name, referrer_host) as referrer_source,
        case source_category
            when 'search' then 'organic'
            when 'social' then 'social'
            else 'referral'
        end as referrer_medium
    from categorised
    where source_category is distinct from 'payment'
{%- endmacro %}

{#-
A tag beats a click id, a click id beats the referrer; fbclid is put on unpaid links as well, so it is asked last. Of a
relation with tagged_source, tagged_medium, click_id_type, referrer_source and referrer_medium.
-#}
{% macro hit_source() -%}
case when tagged_source is null and tagged_medium is null then
            coalesce({{ click_origin('source') }}, referrer_source, {{ click_origin('source', unpaid=true) }})
        else tagged_source end
{%- endmacro %}

{% macro hit_medium() -%}
case when tagged_source is null and tagged_medium is null then
            coalesce({{ click_origin('medium') }}, referrer_medium, {{ click_origin('medium', unpaid=true) }})
        else tagged_medium end
{%- endmacro %}

{#- The name of an event without its spelling: `Order Completed`, order_completed and orderCompleted are one. -#}
{% macro event_key(column) -%}
nullif(regexp_replace(lower({{ column }}), '[^a-z0-9]', '', 'g'), '')
{%- endmacro %}

{#- An unlisted name keeps its own words: `Scene Created` -> scene_created. -#}
{% macro event_word(column) -%}
nullif(trim(regexp_replace(lower({{ column }}), '[^a-z0-9]+', '_', 'g'), '_'), '')
{%- endmacro %}

{#- What a tracker's event is in the canonical words; what somebody does in the product and no lookup names is use. -#}
{% macro interaction_of(names, relation, family) -%}
coalesce(
            {{ names }}.interaction_type,
            case when {{ family }} = 'product' then 'feature_used' end,
            {{ event_word(relation ~ '.event_name') }}
        )
{%- endmacro %}

{#- The product behind a login, the community beside the site; null where the channel of the visit decides. -#}
{% macro family_of_host(host) -%}
case
            when {{ host }} like 'app.%' then 'product'
            when {{ host }} like 'community.%' then 'community'
        end
{%- endmacro %}

{#- A login id that software wrote without having one is nobody, and a mail address is a mail address. -#}
{% macro clean_user_id(column) -%}
case
        when lower(trim({{ column }})) not in ('', '-', '0', 'null', 'undefined', 'none', 'nil', 'nan', 'false', 'true',
            'anonymous', 'unknown', '[object object]') and {{ column }} not like '%@%'
            then trim({{ column }})
    end
{%- endmacro %}

{#- Phones that refuse tracking all send the same zeros. -#}
{% macro clean_device_id(column) -%}
case when regexp_matches({{ column }}, '[1-9A-Za-z]') then {{ clean_text(column) }} end
{%- endmacro %}

{#- An amount as trackers write it: 129.9, `129,90`, `1,299.00`, `1.299,90 EUR`; null when it is none. -#}
{% macro loose_amount(column) -%}
    {%- set plain = "regexp_replace(" ~ column ~ ", '[^0-9.,+-]', '', 'g')" -%}
try_cast(case
            when regexp_full_match({{ column }}, '[+-]?[0-9.]+[eE][+-]?[0-9]+') then {{ column }}
            when regexp_full_match({{ plain }}, '-?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?')
                then replace({{ plain }}, ',', '')
            when regexp_full_match({{ plain }}, '-?([0-9]+|[0-9]{1,3}([.][0-9]{3})+),[0-9]+')
                then replace(replace({{ plain }}, '.', ''), ',', '.')
            else {{ plain }}
        end as decimal(18, 6))
{%- endmacro %}

{#- The canonical purpose of a consent category as consent tools call it; null for what needs no consent. -#}
{% macro consent_purpose(column) -%}
case
            when regexp_matches(lower({{ column }}), 'analy|statist|perform|measure|c0002') then 'analytics'
            when regexp_matches(lower({{ column }}), 'ad.*personali|personali.*ad') then 'ads_personalization'
            when regexp_matches(lower({{ column }}), 'advert|target|marketing|c0004|^ads?([^a-z]|$)') then 'ads'
            when regexp_matches(lower({{ column }}), 'function|preference|c0003') then 'functional'
        end
{%- endmacro %}

{#- State of one purpose in a map of categories to true and false: denied when any of its categories is. -#}
{% macro consent_state(categories, purpose) %}
    {{- return(adapter.dispatch('consent_state')(categories, purpose)) -}}
{% endmacro %}
{% macro duckdb__consent_state(categories, purpose) -%}
list_aggregate(
            list_transform(
                list_filter(map_entries({{ categories }}), lambda c: {{ consent_purpose('c.key') }} = '{{ purpose }}'),
                lambda c: lower(c.value) = 'true'
            ),
            'bool_and'
        )
{%- endmacro %}

{#- Three letters, or nothing: trackers take any text for a currency. -#}
{% macro currency_code(column) -%}
case when regexp_full_match(upper(trim({{ column }})), '[A-Z]{3}') then upper(trim({{ column }})) end
{%- endmacro %}
