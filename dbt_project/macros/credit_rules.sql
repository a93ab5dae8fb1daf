{#
    The rule models of attribution: name -> the unnormalised weight of one touch.

    Add a model as one line. At hand, of one conversion's clicks: position (1 is the first), touch_count, seconds_before
    (the conversion), seconds_before_last (of the last click), last_non_direct and lead_position (positions, null where
    there is none). `credits` divides by the sum over the conversion, so that every rule sums to exactly one. A rule may
    say more than its weight: a view earns nothing unless it names a view_weight; an influence is said of each channel
    for itself and adds up to more than the conversions. Rules of first, middle and last weights alone need no line
    here but one in the seed custom_credit_rules.
    Half-life as in Mixpanel and Google Ads; J shapes as Mixpanel has them.
#}
{% macro credit_rules() %}
    {{ return({
        'first': 'case when position = 1 then 1 else 0 end',
        'last': 'case when position = touch_count then 1 else 0 end',
        'last_non_direct': 'case when position = coalesce(last_non_direct, touch_count) then 1 else 0 end',
        'linear': '1',
        'position': ends_and_middle(0.4, 0.2, 0.4),
        'j_shape': ends_and_middle(0.2, 0.2, 0.6),
        'inverse_j': ends_and_middle(0.6, 0.2, 0.2),
        'w_shape': w_shape(0.3, 0.1),
        'time_decay': 'power(2.0, (seconds_before_last - seconds_before) / (86400.0 * ' ~ var('half_life_days') ~ '))',
        'linear_with_views': {'weight': '1', 'view_weight': var('view_weight')},
        'participation': {'weight': '1', 'is_influence': true},
    }) }}
{% endmacro %}

{#- The first and the last touch by their weights, the rest shares the middle; two touches share by the ends. -#}
{% macro ends_and_middle(first, middle, last) -%}
case when touch_count = 1 then 1 when position = 1 then {{ first }} when position = touch_count then {{ last }}
            else {{ middle }} / (touch_count - 2) end
{%- endmacro %}

{#- First, lead and last touch an anchor each, added up where they coincide; the rest shares what is left. -#}
{% macro w_shape(anchor, rest) -%}
case
            when lead_position is null then {{ ends_and_middle(0.4, 0.2, 0.4) }}
            when position in (1, lead_position, touch_count) then {{ anchor }} * (
                case when position = 1 then 1 else 0 end
                + case when position = lead_position then 1 else 0 end
                + case when position = touch_count then 1 else 0 end
            )
            else {{ rest }} / (touch_count - case when lead_position in (1, touch_count) then 2 else 3 end)
        end
{%- endmacro %}
