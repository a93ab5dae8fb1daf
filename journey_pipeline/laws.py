"""Laws across tables that every candidate must obey, as functions of a warehouse connection.

A law returns how many rows break it and names the first of them by ids, weeks and models. Add one as a function
with a one-line docstring and a line in the registry of its word. Must not be here: rules about one table (dbt
tests), and anything that needs a threshold on noise of its own.
"""

from __future__ import annotations

from journey_pipeline.coverage import missing_deliveries
from journey_pipeline.law import Connection, Law, Outcome
from journey_pipeline.law import offending as _offending
from journey_pipeline.laws_of_credit import (
    credit_is_steady,
    credit_of_touches_is_whole,
    credit_sums_to_conversions,
    spend_is_conserved,
)
from journey_pipeline.laws_of_governance import (
    actions_have_owners,
    actions_name_known_members,
    kpis_have_owners,
    stages_have_owners,
)
from journey_pipeline.laws_of_pain import every_comment_has_a_theme, evidence_is_released, personas_are_described
from journey_pipeline.laws_of_privacy import few_people_are_not_told, text_names_nobody
from journey_pipeline.laws_of_volume import closed_weeks_stand, volumes_are_usual

__all__ = ["EVENTS", "MARTS", "Outcome"]


def orders_are_conserved(connection: Connection) -> Outcome:
    """Every order delivered before as_of is one conversion, however many exports hold it."""
    return _offending(
        connection,
        """
        select * from (
            select
                (select count(distinct record_key) from (
                    select record_key, created_at from staging.stg_shopify__orders
                    union all select record_key, created_at from staging.stg_shopify__orders_bulk
                ) cross join raw.run_parameters where created_at < as_of) as staged_orders,
                (select count(*) from events.conversions
                    where conversion_type = 'order' and source like 'shopify%') as order_conversions
        ) where staged_orders <> order_conversions
        """,
    )


def funnel_never_grows(connection: Connection) -> Outcome:
    """No journey enters a later stage before an earlier one."""
    return _offending(
        connection,
        """
        select journey_id from marts.journeys
        where consideration_at < awareness_at or purchase_at < consideration_at
            or experience_at < purchase_at or advocacy_at < experience_at
            or awareness_at is null
        """,
    )


def cohorts_never_grow(connection: Connection) -> Outcome:
    """Of one week's entries no later step is reached more often than a step before it, within the same window."""
    return _offending(
        connection,
        """
        with reached as (
            select c.week, c.funnel, c.mode, c.breakdown, c.member, s.stage_number, c.to_stage, c.converted,
                lag(c.converted) over (
                    partition by c.week, c.funnel, c.mode, c.breakdown, c.member, c.window_seconds, c.from_stage
                    order by s.stage_number) as before
            from marts.stage_conversion as c
            inner join seeds.stages as s on s.funnel = c.funnel and s.stage = c.to_stage and not s.is_optional
            inner join journeys.funnel_transitions as t
                on t.funnel = c.funnel and t.from_stage = c.from_stage and t.to_stage = c.to_stage and t.is_overall
            where c.view = 'cohort' and c.mode <> 'any_order'
        )
        select week, funnel, mode, breakdown, member, to_stage, converted, before from reached where converted > before
        """,
    )


def back_filled_stages_are_few(connection: Connection) -> Outcome:
    """In the weeks of the last quarter at most a fifth of the stages entered were never seen; it only warns."""
    found = _offending(
        connection,
        f"""
        select week, stage, count(*) filter (where is_imputed) as never_seen, count(*) as entered
        from journeys.stage_entries
        where funnel = 'journey' and mode = (select default_mode from seeds.funnels where funnel = 'journey')
            and week >= (select max(week) - 84 from journeys.weeks)
        group by week, stage
        having count(*) >= {_ENOUGH_ENTRIES} and count(*) filter (where is_imputed) > {_MOST_BACK_FILLED} * count(*)
        """,
    )
    return Outcome(found.failing, found.description, refuses=False)


def drop_offs_are_those_who_did_not_move(connection: Connection) -> Outcome:
    """Per mature week and transition of the main funnel, drop-offs add up to entered - converted."""
    return _offending(
        connection,
        """
        with told as (
            select week, funnel, mode, from_stage, to_stage, window_seconds, sum(journeys) as told
            from marts.drop_offs group by all
        ),
        stayed as (
            select week, funnel, mode, from_stage, to_stage, window_seconds, entered - converted as stayed
            from marts.stage_conversion
            where funnel = 'journey' and is_default_mode and view = 'cohort' and breakdown = 'all' and is_mature
        )
        select week, from_stage, to_stage, coalesce(told, 0) as told, coalesce(stayed, 0) as stayed
        from told full join stayed using (week, funnel, mode, from_stage, to_stage, window_seconds)
        where coalesce(told, 0) <> coalesce(stayed, 0)
        """,
    )


def path_steps_hold_every_journey(connection: Connection) -> Outcome:
    """At every step a week's cohorts hold every journey of the week once, those that ended or may go on included."""
    return _offending(
        connection,
        """
        with columns_of_steps as (
            select week, cohort_set, cohort, step_number, sum(journeys) as journeys
            from marts.path_steps group by all
        ),
        held as (
            select week, cohort_set, step_number, sum(journeys) as held from columns_of_steps group by all
        ),
        entered as (
            select week, count(*) as entered from marts.journey_paths group by week
        ),
        owed as (
            select week, entered, cohort_set, step_number
            from entered cross join (select distinct cohort_set, step_number from marts.path_steps)
        ),
        -- Nobody changes cohort from one step to the next.
        uneven as (
            select week, cohort_set, min(journeys) as held, max(journeys) as entered
            from columns_of_steps group by week, cohort_set, cohort having min(journeys) <> max(journeys)
        )
        select week, cohort_set, step_number, held, entered
        from owed left join held using (week, cohort_set, step_number)
        where held is distinct from entered
        union all
        select week, cohort_set, null, held, entered from uneven
        """,
    )


def contributions_sum_to_the_change(connection: Connection) -> Outcome:
    """Of every change, the members' mix and rate effects add up to the change of the published rate."""
    return _offending(
        connection,
        """
        with rates as (
            select week, funnel || ':' || from_stage || '->' || to_stage as metric, rate
            from marts.stage_conversion
            where view = 'cohort' and is_default_mode and breakdown = 'all'
        ),
        members as (
            select week, metric, breakdown, sum(rate_effect) as rate_effect, sum(mix_effect) as mix_effect
            from marts.change_explained where member <> 'all' group by all
        )
        select totals.week, totals.metric, totals.breakdown, totals.change, members.rate_effect, members.mix_effect
        from marts.change_explained as totals
        left join members using (week, metric, breakdown)
        left join rates as before on totals.previous_week = before.week and totals.metric = before.metric
        left join rates as after on totals.week = after.week and totals.metric = after.metric
        where totals.member = 'all' and not coalesce(
            abs(members.rate_effect + members.mix_effect - totals.change) <= 1e-9
            and abs(members.rate_effect - totals.rate_effect) <= 1e-9
            and abs(after.rate - before.rate - totals.change) <= 1e-9, false)
        """,
    )


def transitions_are_conserved(connection: Connection) -> Outcome:
    """What flows into an activity flows out of it, and every journey starts and ends once in each set of cohorts."""
    return _offending(
        connection,
        """
        with flows as (
            select week, cohort_set, cohort, from_activity as activity, occurrences as leaving, 0 as coming
            from marts.transitions
            union all
            select week, cohort_set, cohort, to_activity, 0, occurrences from marts.transitions
        ),
        nodes as (
            select week, cohort_set, cohort, activity, sum(leaving) as leaving, sum(coming) as coming
            from flows group by all
        ),
        entered as (
            select week, count(*) as entered from marts.journey_paths group by week
        ),
        starts as (
            select week, cohort_set, sum(leaving) filter (where activity = 'START') as leaving,
                sum(coming) filter (where activity in ('END', 'OPEN')) as coming
            from nodes group by week, cohort_set
        )
        select week, cohort_set, activity, leaving, coming from nodes
        where activity not in ('START', 'END', 'OPEN') and leaving <> coming
        union all
        select week, cohort_set, 'START', leaving, coalesce(entered, 0) from starts full join entered using (week)
        where leaving is distinct from entered or coming is distinct from entered
        """,
    )


def segments_hold_every_customer(connection: Connection) -> Outcome:
    """In the last week every customer is in one segment of each set, and the sizes are what the customers add up to."""
    return _offending(
        connection,
        """
        with latest as (
            select max(week) as week from journeys.weeks having max(week) is not null
        ),
        listed as (
            select segment_set, segment, count(*) as customers, count(distinct customer_id) as people
            from marts.customer_segments cross join latest group by all
        ),
        counted as (
            select segment_set, segment, numerator as customers
            from marts.segment_metrics inner join latest using (week) where metric = 'customer_share'
        ),
        wholes as (
            select segment_set, sum(people) as people, (select count(*) from marts.customers) as customers
            from listed group by segment_set
        )
        select segment_set, segment, coalesce(listed.customers, 0) as listed, coalesce(counted.customers, 0) as counted
        from listed full join counted using (segment_set, segment)
        where coalesce(listed.customers, 0) <> coalesce(counted.customers, 0) or listed.customers <> listed.people
        union all
        select segment_set, '(all)', people, customers from wholes where people <> customers
        """,
    )


def moves_join_two_weeks(connection: Connection) -> Outcome:
    """Whoever moves into a segment is in it: the moves of a week add up to the sizes of its segments."""
    return _offending(
        connection,
        """
        with arrived as (
            select week, segment_set, to_segment as segment, sum(customers) as customers
            from marts.segment_migration group by all
        ),
        counted as (
            select week, segment_set, segment, numerator as customers
            from marts.segment_metrics where metric = 'customer_share' and numerator > 0
                and (week, segment_set) in (select (week, segment_set) from arrived)
        )
        select week, segment_set, segment, arrived.customers as arrived, counted.customers as counted
        from arrived full join counted using (week, segment_set, segment)
        where arrived.customers is distinct from counted.customers
        """,
    )


def segments_are_steady(connection: Connection) -> Outcome:
    """Shares of segments move little from week to week while the rules stay; it only warns, of the last week."""
    found = _offending(
        connection,
        """
        select week, segment_set, round(stability_index, 3) as stability_index from marts.segment_stability
        where is_unsteady and week = (select max(week) from marts.segment_stability)
        """,
    )
    return Outcome(found.failing, found.description, refuses=False)


def revenue_bridge_closes(connection: Connection) -> Outcome:
    """start + new + expansion - contraction - churned = end, to the last digit."""
    return _offending(
        connection,
        """
        select week, start_revenue + new_revenue + expansion_revenue - contraction_revenue - churned_revenue as reached,
            end_revenue
        from marts.revenue_bridge
        where start_revenue + new_revenue + expansion_revenue - contraction_revenue - churned_revenue <> end_revenue
        """,
    )


def every_touchpoint_is_shipped(connection: Connection) -> Outcome:
    """The released touchpoints are the canonical ones, none lost and none added."""
    return _offending(
        connection,
        """
        select * from (select (select count(*) from events.touchpoints) as held,
            (select count(*) from marts.touchpoints) as shipped) where held <> shipped
        """,
    )


def sources_deliver(connection: Connection) -> Outcome:
    """Every source delivers in every week what it usually does; what is missing refuses only where declared so."""
    found = missing_deliveries(connection)
    refuses = not found or any(one.refuses for one in found)
    return Outcome(len(found), "; ".join(map(str, found)), refuses)


# An identifier that would have joined this many customers is named; so are merges beyond usual builds.
_ALARMING_CUSTOMERS = 10
_USUAL_MERGES_TIMES = 3
_LARGEST_CUSTOMER_SHARE = 0.05
# More back-filled entries than this of a week's are a gap in tracking; a few journeys say nothing.
_MOST_BACK_FILLED = 0.2
_ENOUGH_ENTRIES = 30


def nobody_is_everybody(connection: Connection) -> Outcome:
    """No customer holds more than a twentieth of all identifiers, once there are a thousand."""
    return _offending(
        connection,
        f"""
        select customer_id, identifiers, round(identifiers / total, 4) as share from (
            select customer_id, count(*) as identifiers, sum(count(*)) over () as total
            from identity.identifiers where customer_id is not null group by customer_id)
        where total >= 1000 and identifiers > {_LARGEST_CUSTOMER_SHARE} * total
        """,
    )


def shared_identifiers_are_few(connection: Connection) -> Outcome:
    """Identifiers that a guard kept from joining many customers are named by their pseudonym; they refuse nothing."""
    found = _offending(
        connection,
        f"""
        select -customers_affected as customers, reason, identifier_type, identifier_hash
        from marts.identity_exceptions where customers_affected >= {_ALARMING_CUSTOMERS}
        """,
    )
    return Outcome(found.failing, found.description.replace("customers=-", "customers="), refuses=False)


def merges_are_usual(connection: Connection) -> Outcome:
    """A build merges no more than three times as many customers as the builds before it on average; it only warns."""
    merged, usual, builds = connection.execute(
        """
        with builds as (
            select changed_as_of, count(*) filter (where change = 'merge') as merges
            from marts.identity_changes group by changed_as_of)
        select coalesce(max(merges) filter (where changed_as_of = as_of), 0),
            avg(merges) filter (where changed_as_of < as_of), count(*) filter (where changed_as_of < as_of)
        from raw.run_parameters left join builds on true group by as_of
        """
    ).fetchall()[0]
    if builds < 3 or merged <= max(_USUAL_MERGES_TIMES * usual, _ALARMING_CUSTOMERS):
        return Outcome(0)
    return Outcome(merged, f"{merged} customers were merged, {usual:.0f} a build before; see identity_changes", False)


def only_what_beats_its_baseline_scores(connection: Connection) -> Outcome:
    """A model scores customers only where it beat its baseline beyond chance, and at every origin."""
    return _offending(
        connection,
        """
        select target, model, gain_low, worst_gain, worst_skill from measures.prediction_models
        where is_released and not is_baseline
            and (coalesce(gain_low, 0) <= 0 or coalesce(worst_gain, 0) <= 0 or worst_skill <= 0 or origins = 0)
        """,
    )


def scores_are_of_this_run(connection: Connection) -> Outcome:
    """Whatever scores customers was fitted in this run, on what was known at its end; nothing else scores anybody."""
    return _offending(
        connection,
        """
        select models.target, models.candidate_id, models.scores_from
        from measures.prediction_models as models
        cross join raw.run_parameters as run
        left join journeys.prediction_anchors as anchors on anchors.days_back = 0
        where models.is_released
            and (models.candidate_id is distinct from run.candidate_id
                or models.scores_from is distinct from anchors.anchor_date)
        union all
        select target, 'no released model', null from measures.prediction_scores
        where target not in (select target from measures.prediction_models where is_released)
        group by target
        """,
    )


# (gate, asset it guards) -> law
EVENTS: dict[tuple[str, str], Law] = {
    ("orders_are_conserved", "events/conversions"): orders_are_conserved,
}
MEASURES: dict[tuple[str, str], Law] = {
    ("only_what_beats_its_baseline_scores", "measures/prediction_scores"): only_what_beats_its_baseline_scores,
    ("scores_are_of_this_run", "measures/prediction_scores"): scores_are_of_this_run,
    ("every_comment_has_a_theme", "measures/comment_themes"): every_comment_has_a_theme,
}
MARTS: dict[tuple[str, str], Law] = {
    ("personas_are_described", "marts/personas"): personas_are_described,
    ("credit_sums_to_conversions", "marts/attribution"): credit_sums_to_conversions,
    ("credit_of_touches_is_whole", "marts/credits"): credit_of_touches_is_whole,
    ("spend_is_conserved", "marts/attribution"): spend_is_conserved,
    ("credit_is_steady", "marts/attribution_stability"): credit_is_steady,
    ("funnel_never_grows", "marts/journeys"): funnel_never_grows,
    ("drop_offs_are_those_who_did_not_move", "marts/drop_offs"): drop_offs_are_those_who_did_not_move,
    ("contributions_sum_to_the_change", "marts/change_explained"): contributions_sum_to_the_change,
    ("path_steps_hold_every_journey", "marts/path_steps"): path_steps_hold_every_journey,
    ("transitions_are_conserved", "marts/transitions"): transitions_are_conserved,
    ("cohorts_never_grow", "marts/stage_conversion"): cohorts_never_grow,
    ("back_filled_stages_are_few", "marts/stage_conversion"): back_filled_stages_are_few,
    ("segments_hold_every_customer", "marts/segment_metrics"): segments_hold_every_customer,
    ("moves_join_two_weeks", "marts/segment_migration"): moves_join_two_weeks,
    ("segments_are_steady", "marts/segment_stability"): segments_are_steady,
    ("revenue_bridge_closes", "marts/revenue_bridge"): revenue_bridge_closes,
    ("actions_name_known_members", "marts/actions"): actions_name_known_members,
    ("actions_have_owners", "marts/actions"): actions_have_owners,
    ("kpis_have_owners", "marts/kpi_scorecard"): kpis_have_owners,
    ("stages_have_owners", "marts/stage_conversion"): stages_have_owners,
    ("evidence_is_released", "marts/pain_point_evidence"): evidence_is_released,
    ("text_names_nobody", "marts/customers"): text_names_nobody,
    ("few_people_are_not_told", "marts/segment_metrics"): few_people_are_not_told,
    ("every_touchpoint_is_shipped", "marts/touchpoints"): every_touchpoint_is_shipped,
    ("sources_deliver", "marts/coverage"): sources_deliver,
    ("volumes_are_usual", "marts/volumes"): volumes_are_usual,
    ("closed_weeks_stand", "marts/volumes"): closed_weeks_stand,
    ("nobody_is_everybody", "marts/identifiers"): nobody_is_everybody,
    ("shared_identifiers_are_few", "marts/identity_exceptions"): shared_identifiers_are_few,
    ("merges_are_usual", "marts/identity_changes"): merges_are_usual,
}
