-- One row per week, persona and channel of most visits, with customers; `none` where they came by no channel of late.
with members as (
    select * from {{ ref('segment_members') }}
)

select
    assignments.week,
    personas.segment as persona,
    coalesce(channels.segment, 'none') as channel,
    count(*) as customers
from {{ ref('segment_assignments') }} as assignments
inner join members as personas on personas.segment_set = 'persona' and assignments.persona = personas.segment_number
left join members as channels on channels.segment_set = 'channel' and assignments.channel = channels.segment_number
group by assignments.week, personas.segment, coalesce(channels.segment, 'none')
