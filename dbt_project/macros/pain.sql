{#-
Where it hurts: what counts as a bad answer, a missed contact, a flag of a journey. Thresholds are variables.
Must not be here: how a pain point is scored (`journey_pipeline/pain_points.py`).
-#}

{#- Detractors, and whoever answers below the middle of any other scale. -#}
{% macro is_bad_answer(answers) -%}
    (case when {{ answers }}.instrument = 'NPS' then {{ answers }}.is_detractor else {{ answers }}.score_share < 0.5 end)
{%- endmacro %}

{#- No first reply or solution in time; null while it may still come in time. A desk that tells of no replies is judged by
its solutions. -#}
{% macro is_missed_contact(contacts) -%}
    {%- set reply = var('support_reply_hours') * 3600 -%}
    {%- set solution = var('support_solved_days') * 86400 -%}
    case
        when {{ contacts }}.first_reply_seconds > {{ reply }} then true
        when {{ contacts }}.reply_clock is not null and {{ contacts }}.first_reply_seconds is null
            and least({{ contacts }}.age_seconds, coalesce({{ contacts }}.resolution_seconds, {{ contacts }}.age_seconds))
            > {{ reply }} then true
        when {{ contacts }}.resolution_seconds <= {{ solution }} then false
        when {{ contacts }}.resolution_seconds > {{ solution }} or {{ contacts }}.age_seconds > {{ solution }} then true
    end
{%- endmacro %}

{#- What a pain point is broken down by: of what `entry_breakdowns` has, members that say where to look. -#}
{% macro pain_breakdowns() -%}
    {{ return(['entry_channel', 'entry_device', 'customer_type', 'market']) }}
{%- endmacro %}

{#- One row per week, breakdown and member of units with `week`, the breakdowns, `is_dropped` and `is_open`. -#}
{% macro pain_counts(relation, breakdowns) -%}
    select
        week,
        case
            {%- for breakdown in breakdowns %} when grouping({{ breakdown }}) = 0 then '{{ breakdown }}'{% endfor %}
            else 'all' end as breakdown,
        coalesce({{ breakdowns | join(', ') }}, 'all') as member,
        count(*) as entered,
        count(*) filter (where is_dropped) as dropped,
        count(*) filter (where is_open) as open
    from {{ relation }}
    group by grouping sets (
        (week){% for breakdown in breakdowns %}, (week, {{ breakdown }}){% endfor %}
    )
{%- endmacro %}

{#- Contacts with the one reason they are counted under when reasons are compared: the first by name of what the desk
tagged, else the kind of case. One that nobody gave a reason for is like any other of its kind. -#}
{% macro contact_reason_of(relation) -%}
    select
        contacts.*,
        coalesce(tagged.reason, contacts.case_type, 'not_told') as reason
    from {{ relation }} as contacts
    left join (
        select touchpoint_id, min(reason) as reason from ({{ contact_tags(relation) }}) as tags group by touchpoint_id
    ) as tagged on contacts.touchpoint_id = tagged.touchpoint_id
{%- endmacro %}

{#- One row per contact and tag that is no bookkeeping. -#}
{% macro contact_tags(relation) -%}
    select distinct touchpoint_id, reason
    from (select touchpoint_id, {{ unnest_text('tags', ' ') }} as reason from {{ relation }}) as words
    where reason <> ''
        and reason not in (
            {%- for name in var('support_bookkeeping_tags') %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Units of the steps that are no move of a funnel: `unit_id` as released, whom it is of, when it began, how it ended. -#}

{#- Purchases, dropped without a first value in time. -#}
{% macro onboarding_units() -%}
    {{ _purchase_units('value_seconds', var('onboarding_days'), is_wanted=true) }}
{%- endmacro %}

{#- Purchases, dropped where the customer had to ask. -#}
{% macro contact_after_purchase_units() -%}
    {{ _purchase_units('contact_seconds', var('followup_days'), is_wanted=false) }}
{%- endmacro %}

{% macro _purchase_units(seconds, days, is_wanted) -%}
    {%- set came = 'coalesce(' ~ seconds ~ ' <= ' ~ days ~ ' * 86400, false)' -%}
    {%- set may_come = 'age_seconds < ' ~ days ~ ' * 86400' -%}
    select
        week,
        journey_id as unit_id,
        customer_id,
        customer_number,
        purchase_at as began_at,
        {{ 'not ' ~ came ~ ' and not ' ~ may_come if is_wanted else came }} as is_dropped,
        not {{ came }} and {{ may_come }} as is_open,
        {{ pain_breakdowns() | join(', ') }}
    from {{ ref('purchase_followups') }}
{%- endmacro %}

{#- Contacts, dropped where nobody answered or solved them in time. -#}
{% macro missed_contact_units() -%}
    select
        week,
        touchpoint_id as unit_id,
        customer_id,
        customer_number,
        opened_at as began_at,
        coalesce(is_missed, false) as is_dropped,
        is_missed is null as is_open,
        {{ pain_breakdowns() | join(', ') }}
    from {{ ref('support_contacts') }}
{%- endmacro %}

{#- Hits that say something went wrong, of visits. -#}
{% macro friction_hits() -%}
    select session_id, week, stage, signal
    from {{ ref('staged_hits') }}
    where session_id is not null and signal not in ('page_view', 'other', 'web_vital')
{%- endmacro %}

{#- Moves from a step of a funnel to the next one. -#}
{% macro adjacent_transitions() -%}
    select * from {{ ref('funnel_transitions') }} where not is_overall
{%- endmacro %}

{#- Whether a unit is of the member that a pain point is about. -#}
{% macro of_member(points, units, breakdowns) -%}
({{ points }}.breakdown = 'all'
        {%- for name in breakdowns %}
        or ({{ points }}.breakdown = '{{ name }}' and {{ points }}.member = {{ units }}.{{ name }})
        {%- endfor %})
{%- endmacro %}
