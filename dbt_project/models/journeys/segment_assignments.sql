-- The segment of every customer at the end of every week in each set, as a number: one CASE per set in one pass.
{%- set sets = segment_sets() %}
{%- set asked = sets | map(attribute='uses') | sum(start=[]) | unique | list %}
with first_sets as (
    select
        *
        {%- for set in sets if not set.uses %},
        {{ segment_number(set, 'week') }} as {{ set.name }}_segment
        {%- endfor %}
    from {{ ref('segment_features') }}
),

-- What the rules of other sets ask, by name.
named as (
    select
        *
        {%- for set in sets if set.name in asked %},
        {{ segment_name(set, set.name ~ '_segment') }} as {{ set.name }}
        {%- endfor %}
    from first_sets
)

select
    week,
    week_number,
    customer_number,
    is_latest,
    coalesce(days_since_last_order <= 90, false) as is_recent_buyer
    {%- for set in sets %},
    {% if set.uses %}{{ segment_number(set, 'week') }}{% else %}{{ set.name }}_segment{% endif %} as {{ set.name }}
    {%- endfor %}
from named
