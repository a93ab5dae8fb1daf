-- Counts that a driver is judged by, within strata of question, first or repeat customer and channel of entry; a driver is no
-- stratum of its own.
{%- set drivers = ['repeat_customer', 'entry_channel', 'device', 'contacts', 'support_closed', 'friction_seen', 'channels',
    'discount', 'first_use_after_order'] %}
{%- for driver in drivers %}
select
    outcome,
    '{{ driver }}' as driver,
    {{ driver }} as level,
    question
        {%- if driver != 'repeat_customer' %} || ' / ' || repeat_customer{% endif %}
        {%- if driver != 'entry_channel' %} || ' / ' || case when outcome = 'purchased' then entry_channel else '' end{% endif %}
        as stratum,
    count(*) as n,
    count(*) filter (where is_success) as successes
from {{ ref('driver_features') }}
where {{ driver }} is not null and {{ driver }} <> 'unknown'
group by all
{{ 'union all' if not loop.last }}
{%- endfor %}
