{{ config(materialized='view') }}
-- One row per week, stage, signal, breakdown and member: visits, and those that met the signal. Every signal is looked for in
-- every visit of a stage where it ever came.
with visits as (
    select distinct hits.session_id, hits.week, hits.stage,
        coalesce(sessions.channel, 'unknown') as entry_channel,
        coalesce(sessions.device_category, 'unknown') as entry_device
    from {{ ref('staged_hits') }} as hits
    inner join {{ ref('sessions') }} as sessions on hits.session_id = sessions.session_id
),

affected as (
    select distinct session_id, week, stage, signal from ({{ friction_hits() }}) as hits
),

signals as (
    select distinct stage, signal from affected
)

select
    visits.week,
    visits.stage,
    signals.signal,
    case
        when grouping(visits.entry_channel) = 0 then 'entry_channel'
        when grouping(visits.entry_device) = 0 then 'entry_device'
        else 'all'
    end as breakdown,
    coalesce(visits.entry_channel, visits.entry_device, 'all') as member,
    count(*) as entered,
    count(affected.session_id) as dropped
from visits
inner join signals on visits.stage = signals.stage
left join affected
    on visits.session_id = affected.session_id
    and visits.week = affected.week
    and visits.stage = affected.stage
    and signals.signal = affected.signal
group by grouping sets (
    (visits.week, visits.stage, signals.signal),
    (visits.week, visits.stage, signals.signal, visits.entry_channel),
    (visits.week, visits.stage, signals.signal, visits.entry_device)
)
