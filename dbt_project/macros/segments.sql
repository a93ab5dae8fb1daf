{#
Segments from their rules. What the rules are stands in the seed segment_rules; `segment_sets()` and `attitude_scales()`
are written from it. Segments are small numbers until they are counted: 0 is unknown, names follow from 1 in the order
of the alphabet, and 1000 and more are the values of a column.
#}

{#- Monday to number, so that weeks are subtracted and joined by as numbers. -#}
{% macro week_number(week) -%}
cast({{ days_between("date '2000-01-03'", week) }} // 7 as integer)
{%- endmacro %}

{#- The number of a customer's segment in one set: a single CASE, the version in force in the week first. -#}
{% macro segment_number(segment_set, week) -%}
cast(case
        {%- for version in segment_set.versions %}
        when {{ week }} >= date '{{ version.valid_from }}' then case
            {%- for rule in version.rules %}
            when {{ rule.rule }} then
                {%- if rule.segment.startswith('{') %} 1000 + {{ rule.segment[1:-1] }}_number
                {%- else %} {{ segment_set.names.index(rule.segment) + 1 }}
                {%- endif %}
            {%- endfor %}
            else 0 end
        {%- endfor %}
        else 0 end as smallint)
{%- endmacro %}

{#- The name that a set's number stands for; for sets without values of a column. -#}
{% macro segment_name(segment_set, number) -%}
case {{ number }}
            {%- for name in segment_set.names %} when {{ loop.index }} then '{{ name }}'{% endfor %} else 'unknown' end
{%- endmacro %}

{#- The version of a set's rules in force in a week. -#}
{% macro rule_version(segment_set, week) -%}
case
            {%- for version in segment_set.versions %} when {{ week }} >= date '{{ version.valid_from }}' then '{{ version.rule_version }}'
            {%- endfor %} else 'none' end
{%- endmacro %}

{#- One aggregate row per week and segment of every set, from a relation with a column per set. -#}
{% macro per_segment(relation, aggregates, sides=['']) -%}
    {%- set columns = aggregates | map('first') | join(', ') -%}
    select week, segment_set, {% for side in sides %}{{ side }}segment_number, {% endfor %}{{ columns }}
    from (
        {%- for segment_set in segment_sets() %}
        select
            week,
            '{{ segment_set.name }}' as segment_set,
            {% for side in sides %}{{ side }}{{ segment_set.name }} as {{ side }}segment_number, {% endfor -%}
            {{ columns }}
        from {{ relation }}
        where {{ sides[0] }}{{ segment_set.name }} is not null
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as listed
{%- endmacro %}

{#-
The sums that `per_segment` lists. Counted once per week and combination of segments, of which there are few, and from there
for each set. An aggregate is a name, how rows are counted, and how counts of counts are (sum where it is not given). A set's
number is never null, so null means another set's row.
-#}
{% macro summed_per_segment(relation, aggregates, sides=['']) -%}
    select
        week,
        {%- for segment_set in segment_sets() %}{% for side in sides %}
        {{ side }}{{ segment_set.name }},
        {%- endfor %}{% endfor %}
        {%- for aggregate in aggregates %}
        {%- if aggregate[1].startswith('count(') %}
        cast(sum({{ aggregate[0] }}) as bigint)
        {%- else %}
        {{ aggregate[2] or 'sum' }}({{ aggregate[0] }})
        {%- endif %} as {{ aggregate[0] }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            week,
            {%- for segment_set in segment_sets() %}{% for side in sides %}
            {{ side }}{{ segment_set.name }},
            {%- endfor %}{% endfor %}
            {%- for aggregate in aggregates %}
            {{ aggregate[1] }} as {{ aggregate[0] }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        group by
            week
            {%- for segment_set in segment_sets() %}{% for side in sides %},
            {{ side }}{{ segment_set.name }}
            {%- endfor %}{% endfor %}
    ) as combinations
    group by grouping sets (
        {%- for segment_set in segment_sets() %}
        (week{% for side in sides %}, {{ side }}{{ segment_set.name }}{% endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#-
The score within its week of every value that occurs: one row per week_number and value. `rank_share`: 1 + floor(parts *
share of customers strictly worse), so ties share a score and no order of rows decides. `r_type_7`: how many of the
quantiles 20, 40, 60 and 80 % by R's type 7, plus one, a value has reached; that plus one is the R package's.
-#}
{% macro scores_of(relation, value, is_less_better=false, parts=5, rule='rank_share') -%}
    {%- if rule == 'rank_share' %}
    select
        week_number,
        {{ value }},
        cast(1 + ({{ parts }} * (sum(customers) over (
            partition by week_number order by {{ value }}{{ ' desc' if is_less_better }}
        ) - customers)) // sum(customers) over (partition by week_number) as smallint) as score
    from (
        select week_number, {{ value }}, count(*) as customers from {{ relation }} group by week_number, {{ value }}
    ) as counted
    {%- elif rule == 'r_type_7' %}
        {%- set shares = [0.2, 0.4, 0.6, 0.8] %}
    select distinct
        given.week_number,
        given.{{ value }},
        cast({{ 5 if is_less_better else 1 }}
            {%- for share in shares %} {{ '-' if is_less_better else '+' }}
            case when given.{{ value }} >= cuts.cut_{{ loop.index }} + 1 then 1 else 0 end
            {%- endfor %} as smallint) as score
    from {{ relation }} as given
    inner join (
        select
            week_number
            {%- for share in shares %},
            {{ adapter.dispatch('quantile_type_7')(value, share) }} as cut_{{ loop.index }}
            {%- endfor %}
        from {{ relation }}
        group by week_number
    ) as cuts on given.week_number = cuts.week_number
    {%- else -%}
        {{ exceptions.raise_compiler_error("rfm_quantiles: expected rank_share or r_type_7, found " ~ rule) }}
    {%- endif %}
{%- endmacro %}

{% macro duckdb__quantile_type_7(value, share) -%}
quantile_cont(cast({{ value }} as double), {{ share }})
{%- endmacro %}

{#- How many bits of a whole number are set. -#}
{% macro bits_set(mask) -%}
bit_count({{ mask }})
{%- endmacro %}

{#- One row per whole number from `first` to `last`, none where `last` is less. -#}
{% macro unnest_whole_numbers(first, last) %}{{ return(adapter.dispatch('unnest_whole_numbers')(first, last)) }}{% endmacro %}
{% macro duckdb__unnest_whole_numbers(first, last) -%}
cast(unnest(range({{ first }}, {{ last }} + 1)) as integer)
{%- endmacro %}

{#-
The last columns and the FROM of a select over `relation` (customer_number, week_number): the segments of the customer at
the end of the row's week, and whether they are of that week. Weeks before the history of segments have those of today.
-#}
{% macro segments_then(relation, names) -%}
    {%- for set in segment_sets() if set.name in names %}
    {{ segment_name(set, 'coalesce(standing.' ~ set.name ~ ', latest.' ~ set.name ~ ')') }} as {{ set.name }},
    {%- endfor %}
    case when told_weeks.week_number is null then 'today' else 'week' end as segment_as_of
from {{ relation }}
left join {{ ref('segment_weeks') }} as told_weeks on {{ relation }}.week_number = told_weeks.week_number
left join {{ ref('segment_assignments') }} as standing
    on {{ relation }}.customer_number = standing.customer_number and {{ relation }}.week_number = standing.week_number
left join {{ ref('segment_assignments') }} as latest
    on {{ relation }}.customer_number = latest.customer_number and latest.is_latest and told_weeks.week_number is null
{%- endmacro %}

{# Sample variance from exact sums: of n, of the values, of their squares. Null for fewer than two. #}
{% macro variance_of(count, total, total_of_squares) -%}
    (cast({{ total_of_squares }} as double) - cast({{ total }} as double) * cast({{ total }} as double) / {{ count }})
        / nullif({{ count }} - 1, 0)
{%- endmacro %}
