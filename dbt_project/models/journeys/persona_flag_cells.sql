-- One row per week of entry, persona at its end and flag, with journeys judged and flagged.
with journeys as (
    select personas.segment as persona, flags.*
    from {{ ref('journey_flags') }} as flags
    inner join {{ ref('segment_assignments') }} as assignments
        on flags.customer_number = assignments.customer_number and flags.entry_week = assignments.week
    inner join {{ ref('segment_members') }} as personas
        on personas.segment_set = 'persona' and assignments.persona = personas.segment_number
),

told as (
    {%- for flag in pain_flag_names() %}
    select entry_week as week, persona, '{{ flag }}' as flag, {{ flag }} as is_flagged from journeys
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select week, persona, flag, count(is_flagged) as judged, count(*) filter (where is_flagged) as flagged
from told
group by week, persona, flag
