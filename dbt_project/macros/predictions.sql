{#-
Predictions: the days they look back from, what is counted of a customer's days, and who may be scored.
Add here: a signal (one line of `prediction_signals`). What a model does with it must not be here.
-#}

{#-
Days before the run from which features are told: the run itself, earlier ones in steps of each horizon, and the windows
that lay a year (52 weeks) before those a level is learnt and tested in, for the season.
-#}
{% macro prediction_steps() -%}
    {%- set steps = [0] -%}
    {%- for horizon in var('prediction_horizons') -%}
        {%- for step in range(1, var('prediction_origins') + 1) -%}
            {%- if horizon * step not in steps -%}{%- do steps.append(horizon * step) -%}{%- endif -%}
        {%- endfor -%}
        {%- for step in range(0, 5) if horizon < 364 -%}
            {%- if 364 + horizon * step not in steps -%}{%- do steps.append(364 + horizon * step) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(steps | sort) }}
{%- endmacro %}

{#- What is counted on each day of a customer, and over how many days before the anchor it is added up. -#}
{% macro prediction_signals() -%}
    {{ return({
        'active_days': {'when': 'true', 'once': true, 'days': [7, 28, 90]},
        'visits': {'of': 'session_number', 'days': [7, 28, 90]},
        'product_views': {'when': "interaction_type = 'view_item'", 'days': [7, 28, 90]},
        'carts': {'when': "interaction_type in ('add_to_cart', 'begin_checkout')", 'days': [7, 28, 90]},
        'mails_read': {'when': "interaction_type in ('email_opened', 'email_clicked')", 'days': [28, 90]},
        'product_uses': {'when': "family = 'product'", 'days': [28, 90]},
        'support_contacts': {'when': "interaction_type in ('ticket_created', 'conversation_started')", 'days': [90]},
        'sales_contacts': {
            'when': "family = 'sales' or interaction_type in ('form_submitted', 'generate_lead')", 'days': [28, 90]},
        'recommendations': {'when': "interaction_type in ('refer_friend', 'share', 'survey_promoter')", 'days': [90]},
    }) }}
{%- endmacro %}

{#- One signal of one day. -#}
{% macro signal_of_a_day(signal) -%}
    {%- if signal.once -%}
    cast(1 as bigint)
    {%- elif signal.of -%}
    count(distinct {{ signal.of }})
    {%- else -%}
    count(*) filter (where {{ signal.when }})
    {%- endif -%}
{%- endmacro %}

{#- The run has seen the window of a label to its end, and as much before the anchor. -#}
{% macro label_is_full(days) -%}
    customers.days_back >= {{ days }} and customers.history_days >= {{ days }}
{%- endmacro %}

{#- The attributes declared as features. One that is protected must be declared as such as well. -#}
{% macro prediction_attributes() -%}
    {%- for attribute in var('prediction_attributes') -%}
        {%- if attribute in var('protected_attributes') and attribute not in var('declared_protected_attributes') -%}
            {{ exceptions.raise_compiler_error(
                "prediction_attributes names " ~ attribute ~ ", which is in protected_attributes: take it out, or name it "
                ~ "in declared_protected_attributes too when the law allows what its predictions are used for") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(var('prediction_attributes')) }}
{%- endmacro %}
