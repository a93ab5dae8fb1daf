-- Which version of each set's rules is in force in each week.
{%- for set in segment_sets() %}
select week, week_number, '{{ set.name }}' as segment_set, {{ rule_version(set, 'week') }} as rule_version
from {{ ref('segment_weeks') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
