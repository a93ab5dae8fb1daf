{#- The flags of a journey and what follows a flagged one: a purchase, or for flags only buyers can have another one. -#}
{% macro pain_flag_names() -%}
    {{ return({
        'disconnected_channels': 'purchase',
        'long_cycle': 'order_again',
        'poor_onboarding': 'order_again',
        'missing_support': 'purchase',
        'no_follow_up': 'order_again',
        'repeated_contact': 'purchase',
        'drop_off_after_bad_answer': 'purchase',
    }) }}
{%- endmacro %}
