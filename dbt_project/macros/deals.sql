{#-
Deals that two CRMs hold. Add here what says that two deals are one; which CRM goes before is the variable
`deal_systems`.
-#}

{#- Two deals of one customer and amount in two CRMs are one when they were won within a week: a sync takes hours. -#}
{% macro same_deal(one, other) -%}
abs({{ seconds_between(one ~ '.occurred_at', other ~ '.occurred_at') }}) <= 7 * 86400
{%- endmacro %}

{#- The deal that a step has come to in one of its two CRMs. -#}
{% macro at_step(deal, side) -%}
steps.customer_id = {{ deal }}.customer_id
        and steps.currency = {{ deal }}.currency
        and steps.gross_amount = {{ deal }}.gross_amount
        and steps.{{ side }}_source = {{ deal }}.source
        and steps.{{ side }}_place = {{ deal }}.place
{%- endmacro %}
