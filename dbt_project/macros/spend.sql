{#-
What the exports of all advertising platforms share: the key of a row of spend, and which file tells a campaign's day.
Add here what two platforms need; the words of one platform belong in its staging model.
-#}

{#- The finest level a row is delivered at; a name stands in where its id was not exported. -#}
{% macro spend_key() -%}
{{ key_of([
        'platform', 'spend_date', "coalesce(campaign_id, concat_ws('/', coalesce(account_id, account), campaign))",
        'cost_currency', 'coalesce(ad_set_id, ad_set)', 'coalesce(ad_id, ad)'
    ]) }}
{%- endmacro %}

{#-
Rows of the newest file that holds the campaign's day. Two downloads never add up: not where one of them names the
account and the other does not, not where one goes down to ads and the other stops at campaigns. `unit` is the id of
what is told as a whole; where one of two files lacks it, the name decides within an account.
-#}
{% macro newest_telling(relation, unit='campaign_id', name='campaign') -%}
    select told.*
    from {{ relation }} as told
    where
        not exists (
            select 1
            from {{ relation }} as newer
            where
                newer.spend_date = told.spend_date
                and newer.{{ unit }} = told.{{ unit }}
                and newer.delivery_rank > told.delivery_rank
        )
        and not exists (
            select 1
            from {{ relation }} as newer
            where
                newer.spend_date = told.spend_date
                and newer.{{ name }} = told.{{ name }}
                and (newer.{{ unit }} is null or told.{{ unit }} is null)
                and coalesce(newer.account_id = told.account_id, newer.account = told.account, true)
                and newer.delivery_rank > told.delivery_rank
        )
{%- endmacro %}

{#- The tags of the link behind an ad as one text, as visits from there carry them; null unless all three are there. -#}
{% macro campaign_tag(source, medium, campaign) -%}
lower(trim({{ source }}) || '|' || trim({{ medium }}) || '|' || trim({{ campaign }}))
{%- endmacro %}

{#- True when no export of a lower priority number tells the campaign's day of `told`, as far down as both go. -#}
{% macro not_told_better(relation, same_campaign) -%}
not exists (
            select 1
            from {{ relation }} as better
            where
                better.platform = told.platform
                and better.spend_date = told.spend_date
                and {{ same_campaign }}
                and {{ same_as_far_as_both_go('better', 'told') }}
                and better.source_priority < told.source_priority
        )
{%- endmacro %}

{#- Names decide where one of two exports has no campaign ids. -#}
{% macro same_name_of_one_account(better='better', told='told') -%}
{{ better }}.campaign = {{ told }}.campaign
                and ({{ better }}.campaign_id is null or {{ told }}.campaign_id is null)
                and coalesce({{ better }}.account_id = {{ told }}.account_id, true)
{%- endmacro %}

{#- False when two rows of a campaign are of different ad sets or ads. -#}
{% macro same_as_far_as_both_go(left, right) -%}
coalesce({{ left }}.ad_set_id = {{ right }}.ad_set_id, {{ left }}.ad_set = {{ right }}.ad_set, true)
                and coalesce({{ left }}.ad_id = {{ right }}.ad_id, {{ left }}.ad = {{ right }}.ad, true)
{%- endmacro %}

{#- The value of one action in Meta's list of {action_type, value}; null when it did not happen. -#}
{% macro action_value(items, name) %}{{ return(adapter.dispatch('action_value')(items, name)) }}{% endmacro %}
{% macro duckdb__action_value(items, name) -%}
list_filter({{ items }}, lambda a: a.action_type = '{{ name }}')[1].value
{%- endmacro %}

{#- What the channel of a bill is decided by, of the newest bill of a group (`recency` = 1), where `condition` holds. -#}
{% macro billed_channel(recency, condition='true', prefix='') -%}
{%- for column in ['utm_source', 'utm_medium', 'stated_channel'] %}
        case when {{ condition }} then max(case when {{ prefix }}{{ recency }} = 1 then {{ prefix }}{{ column }} end) end
            as {{ column }},
{%- endfor %}
        {{ condition }} as is_billed
{%- endmacro %}
