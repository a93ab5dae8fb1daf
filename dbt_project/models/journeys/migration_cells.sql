-- One row per week, set and pair of segments, stayers included. Who was not known a week before came from nowhere: new.
{%- set moved = [('customers', 'count(*)')] %}
{%- set sides = ['from_', 'to_'] %}
with pairs as (
    select
        later.week
        {%- for set in segment_sets() %},
        coalesce(earlier.{{ set.name }}, -1) as from_{{ set.name }},
        later.{{ set.name }} as to_{{ set.name }}
        {%- endfor %}
    from {{ ref('segment_assignments') }} as later
    left join {{ ref('segment_assignments') }} as earlier
        on later.customer_number = earlier.customer_number and later.week_number = earlier.week_number + 1
),

sums as (
    {{ summed_per_segment('pairs', moved, sides) }}
),

cells as (
    {{ per_segment('sums', moved, sides) }}
),

first_weeks as (
    select min(week) as week from {{ ref('segment_weeks') }}
)

select
    cells.week,
    cells.segment_set,
    coalesce(before_move.segment, 'not_yet_known') as from_segment,
    after_move.segment as to_segment,
    cells.customers,
    versions_before.rule_version as from_rule_version,
    versions.rule_version as to_rule_version
from cells
inner join first_weeks on cells.week > first_weeks.week
inner join {{ ref('segment_versions') }} as versions
    on cells.week = versions.week and cells.segment_set = versions.segment_set
inner join {{ ref('segment_versions') }} as versions_before
    on versions.week_number = versions_before.week_number + 1 and versions.segment_set = versions_before.segment_set
inner join {{ ref('segment_members') }} as after_move
    on cells.segment_set = after_move.segment_set and cells.to_segment_number = after_move.segment_number
left join {{ ref('segment_members') }} as before_move
    on cells.segment_set = before_move.segment_set and cells.from_segment_number = before_move.segment_number
