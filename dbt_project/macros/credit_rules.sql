{#
    The rule models of attribution: name -> the unnormalised weight of one touch.

    Add a model as one line. At hand: position (1 is the first touch), touch_count, seconds_before (the conversion).
    `credits` divides by the sum over the conversion's touches and gives the rounding rest to the last touch, so that
    every rule sums to exactly one. Half-life as in Mixpanel and Google Ads.
#}
{% macro credit_rules() %}
    {{ return({
        'first': 'case when position = 1 then 1.0 else 0.0 end',
        'last': 'case when position = touch_count then 1.0 else 0.0 end',
        'linear': '1.0',
        'position': 'case when touch_count <= 2 then 1.0 when position in (1, touch_count) then 0.4 '
            ~ 'else 0.2 / (touch_count - 2) end',
        'time_decay': 'power(2.0, -seconds_before / (86400.0 * ' ~ var('half_life_days') ~ '))',
    }) }}
{% endmacro %}
