-- One row per week of entry, step, breakdown and member: who entered a step, who did not get through it well, and who may
-- still. A cohort of which anybody may still is no pain point yet.
{%- set members = pain_breakdowns() %}
{%- set member_list %}{% for name in members %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %}{% endset %}
with onboarding as (
    {{ pain_counts('(' ~ onboarding_units() ~ ') as units', members) }}
),

asked as (
    {{ pain_counts('(' ~ contact_after_purchase_units() ~ ') as units', members) }}
),

missed as (
    {{ pain_counts('(' ~ missed_contact_units() ~ ') as units', members) }}
)

select
    cells.week,
    'transition' as kind,
    case when cells.funnel <> 'journey' then cells.funnel || ': ' else '' end
        || cells.from_stage || ' to ' || cells.to_stage as step,
    cells.funnel,
    cells.from_stage,
    cells.to_stage,
    -- Before the step that ends a funnel a loss is a sale that does not come, after it a customer who does not come back.
    transitions.to_number,
    funnels.terminal_from as terminal_number,
    cells.breakdown,
    cells.member,
    cells.window_seconds,
    cells.entered,
    cells.entered - cells.converted - cells.open as dropped,
    cells.open
from {{ ref('stage_cells') }} as cells
inner join ({{ adjacent_transitions() }}) as transitions
    on cells.funnel = transitions.funnel
    and cells.from_stage = transitions.from_stage
    and cells.to_stage = transitions.to_stage
    and cells.window_seconds = transitions.window_seconds
inner join {{ ref('funnels') }} as funnels on cells.funnel = funnels.funnel
where cells.view = 'cohort' and cells.is_default_mode and cells.breakdown in ('all', {{ member_list }})
union all
select week, 'onboarding', 'onboarding', null, 'purchase', 'experience', null, null, breakdown, member,
    {{ var('onboarding_days') }} * 86400, entered, dropped, open
from onboarding
union all
select week, 'support_contact', 'support_contact', null, 'purchase', 'experience', null, null, breakdown, member,
    {{ var('followup_days') }} * 86400, entered, dropped, open
from asked
union all
select week, 'unresolved_support', 'unresolved_support', null, 'experience', null, null, null, breakdown, member,
    {{ var('support_solved_days') }} * 86400, entered, dropped, open
from missed
union all
select week, 'friction', signal || ' in ' || stage, null, stage, null, null, null, breakdown, member, 0, entered, dropped, 0
from {{ ref('friction_step_cells') }}
