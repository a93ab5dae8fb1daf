-- One row per week, set and segment: sizes, and what happened to whom in it.
{%- set sizes = [('customers', 'count(*)'), ('recent_buyers', 'count(*) filter (where is_recent_buyer)')] %}
{%- set facts = [('purchasers', 'count(*) filter (where orders > 0)'), ('orders', 'sum(orders)'), ('revenue', 'sum(revenue)'),
    ('recent_buyers_returned', 'count(*) filter (where is_recent_buyer and returned = 1)'),
    ('nps_answers', 'sum(nps_answers)'), ('promoters', 'sum(promoters)'), ('detractors', 'sum(detractors)'),
    ('csat_answers', 'sum(csat_answers)'), ('positives', 'sum(positives)')] %}
{%- set entered = [('entries', 'count(*)'), ('conversions', 'count(*) filter (where is_converting)'),
    ('is_mature', 'bool_and(is_mature)', 'bool_and')] %}
with size_sums as (
    {{ summed_per_segment(ref('segment_assignments'), sizes) }}
),

happened as (
    select assignments.*, facts.* exclude (customer_number, week_number)
    from {{ ref('segment_facts') }} as facts
    inner join {{ ref('segment_assignments') }} as assignments
        on facts.customer_number = assignments.customer_number and facts.week_number = assignments.week_number
),

fact_sums as (
    {{ summed_per_segment('happened', facts) }}
),

-- In the segment a journey began in; who had none yet was not known before.
began as (
    select
        weeks.week,
        paths.is_converting,
        paths.is_mature
        {%- for set in segment_sets() %},
        coalesce(assignments.{{ set.name }}, 0) as {{ set.name }}
        {%- endfor %}
    from {{ ref('journey_paths') }} as paths
    inner join {{ ref('journeys') }} as journeys on paths.journey_id = journeys.journey_id
    inner join {{ ref('segment_weeks') }} as weeks on paths.week = weeks.week
    inner join (select min(week_number) as week_number from {{ ref('segment_weeks') }}) as first_weeks
        on weeks.week_number > first_weeks.week_number
    left join {{ ref('segment_assignments') }} as assignments
        on journeys.customer_number = assignments.customer_number and weeks.week_number - 1 = assignments.week_number
),

entry_sums as (
    {{ summed_per_segment('began', entered) }}
),

{% for name, aggregates in [('size', sizes), ('fact', facts), ('entry', entered)] -%}
{{ name }}_cells as (
    {{ per_segment(name ~ '_sums', aggregates) }}
),

{% endfor -%}
cells as (
    select
        coalesce(size_cells.week, entry_cells.week) as week,
        coalesce(size_cells.segment_set, entry_cells.segment_set) as segment_set,
        coalesce(size_cells.segment_number, entry_cells.segment_number) as segment_number,
        coalesce(size_cells.customers, 0) as customers,
        coalesce(size_cells.recent_buyers, 0) as recent_buyers,
        entry_cells.entries,
        entry_cells.conversions,
        entry_cells.is_mature
    from size_cells
    full join entry_cells
        on size_cells.week = entry_cells.week
        and size_cells.segment_set = entry_cells.segment_set
        and size_cells.segment_number = entry_cells.segment_number
)

select
    cells.week,
    cells.segment_set,
    members.segment,
    cells.customers,
    cells.recent_buyers,
    coalesce(cells.entries, 0) as entries,
    coalesce(cells.conversions, 0) as conversions,
    coalesce(cells.is_mature, false) as is_mature
    {%- for name, aggregate in facts %},
    coalesce(fact_cells.{{ name }}, 0) as {{ name }}
    {%- endfor %}
from cells
inner join {{ ref('segment_members') }} as members
    on cells.segment_set = members.segment_set and cells.segment_number = members.segment_number
left join fact_cells
    on cells.week = fact_cells.week
    and cells.segment_set = fact_cells.segment_set
    and cells.segment_number = fact_cells.segment_number
