{{ config(materialized='view') }}
-- Where every customer stands now: one row per customer and set. Written once, as it is released.
with assignments as (
    select * from {{ ref('segment_assignments') }} where is_latest
),

listed as (
    {%- for set in segment_sets() %}
    select customer_number, week_number, '{{ set.name }}' as segment_set, {{ set.name }} as segment_number from assignments
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select customers.customer_id, listed.customer_number, listed.segment_set, members.segment, versions.rule_version
from listed
inner join {{ ref('customer_numbers') }} as customers on listed.customer_number = customers.customer_number
inner join {{ ref('segment_members') }} as members
    on listed.segment_set = members.segment_set and listed.segment_number = members.segment_number
inner join {{ ref('segment_versions') }} as versions
    on listed.segment_set = versions.segment_set and listed.week_number = versions.week_number
