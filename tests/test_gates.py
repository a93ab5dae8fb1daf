"""The gates can say no: each law and each door on a warehouse that breaks it."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from journey_pipeline import laws
from journey_pipeline.coverage import statuses
from journey_pipeline.expectations import MARTS_DOOR, RAW_DOOR, judge


def frame(**broken: int) -> pd.DataFrame:
    sound = dict.fromkeys(MARTS_DOOR, 0)
    return pd.DataFrame([{"table": "sound", **sound}, {"table": "broken", **sound, **broken}])


def test_a_sound_table_passes_every_rule_of_the_door() -> None:
    assert all(finding.passed for finding in judge(MARTS_DOOR, frame()))


@pytest.mark.parametrize("rule", MARTS_DOOR)
def test_the_door_names_the_table_and_the_rule_it_breaks(rule: str) -> None:
    failed = [(f.table, f.rule, f.failing) for f in judge(MARTS_DOOR, frame(**{rule: 3})) if not f.passed]
    assert failed == [("broken", rule, 3)]


def test_a_count_that_is_missing_is_not_a_count_of_zero() -> None:
    with pytest.raises(ValueError, match="missing"):
        judge(RAW_DOOR, pd.DataFrame([{"table": "t", **dict.fromkeys(RAW_DOOR, None)}]))


def test_a_door_is_handed_counts_and_never_a_value() -> None:
    held = frame().assign(duplicate_keys=["maya@example.com", "0"])
    with pytest.raises(ValueError, match="counts only") as refused:
        judge(MARTS_DOOR, held)
    assert "maya" not in str(refused.value)
    # What is no rule of the door is not handed on.
    assert all(finding.passed for finding in judge(MARTS_DOOR, frame().assign(email="maya@example.com")))


@pytest.fixture
def sound() -> duckdb.DuckDBPyConnection:
    """A warehouse in which every law holds."""
    connection = duckdb.connect()
    for schema in ("raw", "seeds", "staging", "events", "identity", "journeys", "measures", "marts", "operations"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        """
        create table raw.run_parameters as select timestamp '2026-11-16' as as_of, 'now' as candidate_id;
        create table staging.stg_shopify__orders as select 'o1' as record_key, timestamp '2026-11-01' as created_at
            union all select 'late', timestamp '2026-11-20';
        create table staging.stg_shopify__orders_bulk as
            select 'o1' as record_key, timestamp '2026-11-01' as created_at;
        create table events.conversions as
            select 'o1' as conversion_id, 'order' as conversion_type, 'shopify' as source;
        create table events.touchpoints as select 't1' as touchpoint_id;
        create table marts.touchpoints as select 't1' as touchpoint_id;
        create table journeys.attributed_conversions as select date '2026-10-26' as week, 'o1' as conversion_id,
            'order' as conversion_type, 10::decimal(18, 6) as value;
        create table journeys.spend_cells as select date '2026-10-26' as week, 5::decimal(18, 6) as spend;
        create table marts.attribution_models as select 'order' as conversion_type, 'hazard' as model;
        create table marts.attribution as select date '2026-10-26' as week, 'order' as conversion_type, m as model,
            'email' as channel, 1.0::double as credit, 10::decimal(18, 6) as value, 5::decimal(18, 6) as spend,
            false as is_influence
            from (values ('first'), ('markov')) as t(m);
        create table marts.credits as select 'o1' as conversion_id, 'order' as conversion_type, 'first' as model,
            'email' as channel, 1::decimal(38, 12) as credit, false as is_influence;
        create table marts.attribution_stability as select date '2026-10-26' as week, 'order' as conversion_type,
            'markov' as model, 0.2 as total_variation_distance, 'email' as largest_change_channel, 0.9 as null_share,
            false as is_unsteady, false as has_few_nulls;
        create table marts.journeys as select 'j' as journey_id, timestamp '2026-10-01' as awareness_at,
            timestamp '2026-10-02' as consideration_at, timestamp '2026-10-02' as purchase_at,
            null::timestamp as experience_at, null::timestamp as advocacy_at;
        create table marts.stage_conversion as
            select w::date as week, v as view, 'journey' as funnel, 'reached' as mode, true as is_default_mode,
                f as from_stage, t as to_stage, 'all' as breakdown, 'all' as member, 86400 as window_seconds,
                e as entered, c as converted, c / e as rate, m as is_mature
            from (values ('2026-09-07', 'cohort', 'awareness', 'consideration', 40, 30, true),
                ('2026-09-07', 'flow', 'awareness', 'consideration', 40, 30, true),
                ('2026-11-09', 'cohort', 'awareness', 'consideration', 40, 3, false),
                ('2026-10-05', 'cohort', 'awareness', 'purchase', 100, 15, false),
                ('2026-10-12', 'cohort', 'awareness', 'purchase', 100, 13, false),
                ('2026-10-26', 'cohort', 'awareness', 'purchase', 40, 9, false),
                ('2026-10-26', 'cohort', 'awareness', 'experience', 40, 9, false),
                ('2026-10-26', 'cohort', 'purchase', 'experience', 20, 10, false)) as r(w, v, f, t, e, c, m);
        create table marts.drop_offs as select date '2026-09-07' as week, 'journey' as funnel, 'reached' as mode,
            'awareness' as from_stage, 'consideration' as to_stage, 86400 as window_seconds, n as journeys
            from (values (4), (6)) as t(n);
        create table marts.change_explained as
            select date '2026-10-12' as week, 'journey:awareness->purchase' as metric, 'entry_channel' as breakdown,
                m as member, date '2026-10-05' as previous_week, r::double as rate_effect, x::double as mix_effect,
                (r + x)::double as change
            from (values ('all', 0.01, -0.03), ('paid', 0.008, -0.08), ('direct', 0.002, 0.05)) as t(m, r, x);
        create table marts.journey_paths as select date '2026-10-26' as week, 'j' || n as journey_id
            from range(3) as t(n);
        create table marts.path_steps as select date '2026-10-26' as week, s as cohort_set, c as cohort,
                k as step_number, a as activity, n as journeys
            from (values ('all', 'all', 1, 'web/visit', 2), ('all', 'all', 1, 'other', 1), ('all', 'all', 2, 'exit', 3),
                ('outcome', 'open', 1, 'web/visit', 2), ('outcome', 'open', 2, 'exit', 2),
                ('outcome', 'converting', 1, 'other', 1), ('outcome', 'converting', 2, 'exit', 1)) as t(s, c, k, a, n);
        create table marts.transitions as select date '2026-10-26' as week, 'all' as cohort_set, 'all' as cohort,
                f as from_activity, t as to_activity, n as occurrences
            from (values ('START', 'a', 3), ('a', 'b', 2), ('a', 'OPEN', 1), ('b', 'END', 2)) as t(f, t, n);
        create table journeys.weeks as select date '2026-11-09' as week;
        create table seeds.funnels as select 'journey' as funnel, 'reached' as default_mode;
        create table seeds.stages as select 'journey' as funnel, n as stage_number, s as stage, false as is_optional,
                'Journey Leadership' as owner
            from (values (1, 'awareness'), (2, 'consideration'), (3, 'purchase'), (4, 'experience')) as t(n, s);
        create table seeds.governance_roles as select 'Journey Leadership' as role;
        create table seeds.kpis as select 'journey_conversion' as kpi, 'Journey Leadership' as owner;
        create table journeys.effect_cells as select 'purchase>experience' as metric, 'entry_channel' as breakdown,
            'email' as member;
        create table measures.actions as select 'a1' as action_id, 'register' as origin, 2 as line,
            'purchase>experience' as metric, 'entry_channel' as breakdown, 'email' as member, null::varchar as owner,
            'running' as status, timestamp '2026-11-09' as proposed_on;
        create table journeys.funnel_transitions as select 'journey' as funnel, f as from_stage, t as to_stage,
            f = 'awareness' as is_overall
            from (values ('awareness', 'purchase'), ('awareness', 'experience'), ('purchase', 'experience')) as t(f, t);
        create table journeys.stage_entries as select date '2026-11-02' as week, 'journey' as funnel,
            'reached' as mode, 'awareness' as stage, n < 8 as is_imputed from range(40) as t(n);
        create table marts.customers as select 'c1' as customer_id, 'lost' as rfm_segment, 'dormant' as lifecycle
            union all select 'c2', 'not_rated', 'prospect';
        create table marts.segment_metrics as
            select date '2026-11-09' as week, s as segment_set, g as segment, 'customer_share' as metric,
                n::double as numerator, 2.0::double as denominator, n / 2 as value
            from (values ('rfm', 'lost', 1), ('rfm', 'not_rated', 1), ('rfm', 'champions', 0),
                ('lifecycle', 'dormant', 1), ('lifecycle', 'prospect', 1)) as t(s, g, n);
        create table marts.customer_segments as select * from (values ('c1', 'rfm', 'lost'), ('c2', 'rfm', 'not_rated'),
            ('c1', 'lifecycle', 'dormant'), ('c2', 'lifecycle', 'prospect')) as t(customer_id, segment_set, segment);
        create table marts.segment_migration as
            select date '2026-11-09' as week, s as segment_set, g as from_segment, g as to_segment, 1 as customers
            from (values ('rfm', 'lost'), ('rfm', 'not_rated'), ('lifecycle', 'dormant'), ('lifecycle', 'prospect'))
                as t(s, g);
        create table marts.segment_stability as select date '2026-11-09' as week, 'rfm' as segment_set,
            0.1 as stability_index, false as is_unsteady;
        create table marts.revenue_bridge as select date '2026-11-09' as week, 100.01 as start_revenue,
            7 as new_revenue, 20 as expansion_revenue, 5.5 as contraction_revenue, 10 as churned_revenue,
            111.51 as end_revenue;
        create table marts.coverage as select date '2026-11-09' as week, 'ga4' as source,
            'touchpoints' as events_table, 'ok' as status, 'ga4__events,ga4__more' as contracts,
            timestamp '2026-11-15 22:00' as latest_seen_at, 'refuse' as on_gap, timestamp '2026-11-15 23:00' as as_of,
            100 as records, true as is_expected;
        create table marts.volumes as select date '2026-11-09' as week, 'ga4' as source,
            'touchpoints' as events_table, 100 as records, 100.0 as expected_records, 50.0 as records_low,
            200.0 as records_high, false as is_unusual, 'warn' as on_breach;
        create table seeds.volume_allowances as select c as compares, null::varchar as source,
            null::varchar as table_name, f as fall, r as rise, b as on_breach, null::date as first_week,
            null::date as last_week, 'usual' as reason
            from (values ('new_week', 0.5, 1.0, 'warn'), ('closed_weeks', 0.1, 0.5, 'warn')) as t(c, f, r, b);
        create table operations.previous_weeks as select s as source, t as table_name, date '2026-11-09' as week,
            n as records, timestamp '2026-11-15 23:00' as closed_at
            from (values ('ga4', 'touchpoints', 110), ('', 'coverage', 1)) as v(s, t, n);
        create table marts.support_contacts as select 'k1' as contact_id;
        create table marts.sessions as select 's1' as session_id;
        create table marts.pain_points as select 'p1' as pain_point_id;
        create table marts.pain_point_evidence as select 'p1' as pain_point_id, k as kind, r as ref
            from (values ('journey', 'j'), ('customer', 'c1'), ('contact', 'k1'), ('session', 's1')) as t(k, r);
        create table journeys.experience_answers as select date '2026-11-09' as week, 'CSAT' as instrument,
            a as score_id, c as comment from (values ('a1', 'late'), ('a2', ' '), ('a3', null)) as t(a, c);
        create table journeys.comment_themes_of_answers as select * from (values ('a1', 'delivery'), ('a1', 'price'),
            ('a2', 'none'), ('a3', 'none')) as t(score_id, theme);
        create table seeds.segment_rules as select s as segment_set, g as segment
            from (values ('persona', 'quiet_buyer'), ('rfm', 'lost')) as t(s, g);
        create table seeds.personas as select 'quiet_buyer' as segment;
        create table seeds.published_text_allowances as select 'link_audit' as table_name, 'campaign' as column_name,
            'email' as kind, '.*@ourfirm[.]com' as pattern;
        create table marts.link_audit as select 'write to hello@ourfirm.com' as campaign;
        create table marts.experience as select date '2026-11-09' as week, 'CSAT:1-5' as definition_id,
            s as segment_set, 'lost' as segment, n as answers, 0.5 as score, 0.5 as reweighted_score,
            4.0 as mean_answer from (values ('all', 1), ('rfm', 5)) as t(s, n);
        create table marts.comment_themes as select date '2026-11-09' as week, 'CSAT' as instrument,
            'delivery' as theme, 5 as comments, 0.1 as share, 0.1 as negative_share, 0.1 as mean_score_share;
        create table marts.personas as select date '2026-11-09' as week, 'quiet_buyer' as persona, 5 as customers,
            0.5 as channel_share, 9.0 as revenue_per_customer, 10.0 as nps;
        create table marts.response_bias as select date '2026-11-09' as week, 'CSAT:1-5' as definition_id,
            5 as answers_left, 0.5 as score_left, 4 as answers_stayed, null::double as score_stayed;
        create table identity.identifiers as select 'cus_' || n // 50 as customer_id from range(1000) as t(n);
        create table marts.identity_exceptions as
            select 'over_limit' as reason, 'email' as identifier_type, 'h' as identifier_hash, 9 as customers_affected;
        create table marts.identity_changes as
            select timestamp '2026-11-16' - to_weeks(n // 2) as changed_as_of, 'merge' as change
            from range(8) as t(n);
        create table journeys.prediction_anchors as select 0 as days_back, date '2026-11-16' as anchor_date;
        create table measures.prediction_scores as select 'c1' as customer_id, 'purchase_30' as target;
        create table measures.prediction_models as
            select 'purchase_30' as target, 'lightgbm' as model, false as is_baseline, true as is_released,
                0.01 as gain_low, 0.02 as worst_gain, 0.1 as worst_skill, 3 as origins, 'now' as candidate_id,
                date '2026-11-16' as scores_from
            union all select 'purchase_60', 'baseline', true, true, -0.01, -0.02, 0.1, 3, 'now', date '2026-11-16'
            union all select 'purchase_90', null, false, false, null, null, null, 0, 'now', null;
        """
    )
    return connection


LAWS = {**laws.EVENTS, **laws.MEASURES, **laws.MARTS}
BREAKS = {
    "orders_are_conserved": "delete from events.conversions",
    "credit_sums_to_conversions": "update marts.attribution set credit = 0.999999 where model = 'markov'",
    "credit_of_touches_is_whole": "update marts.credits set channel = 'direct'",
    "spend_is_conserved": "update marts.attribution set spend = null where model = 'first'",
    "credit_is_steady": "update marts.attribution_stability set is_unsteady = true",
    "funnel_never_grows": "update marts.journeys set purchase_at = timestamp '2026-10-01 12:00'",
    "drop_offs_are_those_who_did_not_move": "delete from marts.drop_offs where journeys = 4",
    "cohorts_never_grow": "update marts.stage_conversion set converted = 10 where to_stage = 'experience'",
    "back_filled_stages_are_few": "insert into journeys.stage_entries "
    "select date '2026-11-02', 'journey', 'reached', 'awareness', true",
    "every_touchpoint_is_shipped": "delete from marts.touchpoints",
    "contributions_sum_to_the_change": "update marts.change_explained set mix_effect = 0.06 where member = 'direct'",
    "path_steps_hold_every_journey": "delete from marts.path_steps where activity = 'other' and cohort = 'all'",
    "transitions_are_conserved": "update marts.transitions set occurrences = 1 where from_activity = 'b'",
    "segments_hold_every_customer": "update marts.segment_metrics set numerator = 2 where segment = 'prospect'",
    "moves_join_two_weeks": "update marts.segment_migration set customers = 2 where from_segment = 'prospect'",
    "segments_are_steady": "update marts.segment_stability set is_unsteady = true",
    "revenue_bridge_closes": "update marts.revenue_bridge set end_revenue = 111.52",
    "only_what_beats_its_baseline_scores": "update measures.prediction_models set is_baseline = false",
    "scores_are_of_this_run": "update measures.prediction_models set candidate_id = '' where target = 'purchase_60'",
    "kpis_have_owners": "update seeds.kpis set owner = null",
    "stages_have_owners": "update seeds.stages set owner = 'Somebody' where stage = 'purchase'",
    "actions_name_known_members": "update measures.actions set member = 'e-mail'",
    "actions_have_owners": "update measures.actions set proposed_on = timestamp '2026-11-08'",
    "evidence_is_released": "update marts.pain_point_evidence set ref = 'nobody' where kind = 'session'",
    "every_comment_has_a_theme": "delete from journeys.comment_themes_of_answers where theme <> 'none'",
    "personas_are_described": "update seeds.personas set segment = 'quiet_byer'",
    "text_names_nobody": "insert into marts.link_audit values ('win back maya.okafor@example.com')",
    "few_people_are_not_told": "insert into marts.segment_metrics select '2026-11-09', 'rfm', 'lost', 'nps', 1, 4, 25",
    "volumes_are_usual": "update marts.volumes set is_unusual = true",
    "closed_weeks_stand": "update marts.coverage set records = 98",
    "sources_deliver": "update marts.coverage set status = 'silent'",
    "nobody_is_everybody": "update identity.identifiers set customer_id = 'cus_0' where customer_id = 'cus_1'",
    "shared_identifiers_are_few": "update marts.identity_exceptions set customers_affected = 10",
    "merges_are_usual": "insert into marts.identity_changes select timestamp '2026-11-16', 'merge' from range(9)",
}
# A law counts what breaks it; merges are counted from the first one on.
FAILING = (
    dict.fromkeys(BREAKS, 1)
    | {"merges_are_usual": 11, "path_steps_hold_every_journey": 2}
    | {"transitions_are_conserved": 2, "credit_of_touches_is_whole": 2}
)


def test_every_law_has_a_case_that_breaks_it() -> None:
    assert {gate for gate, _ in LAWS} == set(BREAKS)


@pytest.mark.parametrize("gate", BREAKS)
def test_a_law_holds_where_it_should_and_names_what_breaks_it(sound: duckdb.DuckDBPyConnection, gate: str) -> None:
    law = next(law for (name, _), law in LAWS.items() if name == gate)
    assert law(sound).failing == 0
    sound.execute(BREAKS[gate])
    outcome = law(sound)
    assert outcome.failing == FAILING[gate]
    assert outcome.description


def test_a_score_of_a_target_that_is_not_released_or_of_another_week_is_refused(
    sound: duckdb.DuckDBPyConnection,
) -> None:
    sound.execute("insert into measures.prediction_scores values ('c1', 'purchase_90')")
    sound.execute("update measures.prediction_models set scores_from = '2026-11-09' where target = 'purchase_30'")
    outcome = laws.scores_are_of_this_run(sound)
    assert outcome.failing == 2
    assert "target=purchase_90" in outcome.description


def test_an_owner_nobody_declared_and_an_unknown_member_are_named(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("update seeds.kpis set owner = 'Jorney Leadership'; update measures.actions set member = 'e-mail'")
    assert laws.kpis_have_owners(sound).description == "kpi=journey_conversion, owner=Jorney Leadership"
    assert laws.actions_name_known_members(sound).description == (
        "where=actions.csv, line 2, column member, expected=a member of entry_channel that occurs in "
        "purchase>experience, found=e-mail"
    )


def test_an_action_without_an_owner_is_a_warning(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute(BREAKS["actions_have_owners"])
    assert not laws.actions_have_owners(sound).refuses
    sound.execute("update measures.actions set status = 'dropped'")
    assert laws.actions_have_owners(sound).failing == 0


def test_a_shared_identifier_is_named_and_refuses_nothing(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("update marts.identity_exceptions set customers_affected = 10000")
    outcome = laws.shared_identifiers_are_few(sound)
    assert outcome == laws.Outcome(
        1, "customers=10000, reason=over_limit, identifier_type=email, identifier_hash=h", refuses=False
    )


def test_merges_are_judged_only_against_three_builds_before(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute(BREAKS["merges_are_usual"])
    sound.execute("delete from marts.identity_changes where changed_as_of < timestamp '2026-11-02'")
    assert laws.merges_are_usual(sound) == laws.Outcome(0)


@pytest.mark.parametrize(
    ("status", "on_gap", "refuses"),
    [("silent", "refuse", True), ("gap", "refuse", True), ("late", "refuse", False), ("silent", "warn", False)],
)
def test_what_is_missing_is_named_and_refuses_only_where_declared(
    sound: duckdb.DuckDBPyConnection, status: str, on_gap: str, refuses: bool
) -> None:
    sound.execute("update marts.coverage set status = ?, on_gap = ?", [status, on_gap])
    outcome = laws.sources_deliver(sound)
    assert (outcome.failing, outcome.refuses) == (1, refuses)
    told = f"ga4 (touchpoints) last seen 2026-11-15 22:00 UTC, missing: 2026-11-09 {status}"
    assert outcome.description == told
    sound.execute("update marts.coverage set week = week - 7 * 14")
    assert laws.sources_deliver(sound) == laws.Outcome(0)


def test_a_touch_that_lost_its_credit_breaks_the_law_of_its_conversion_and_of_its_channel(
    sound: duckdb.DuckDBPyConnection,
) -> None:
    sound.execute("update marts.credits set credit = 0.999999998")
    assert laws.credit_of_touches_is_whole(sound).failing == 2
    sound.execute("update marts.credits set credit = 1.0000000001")  # rounding
    assert laws.credit_of_touches_is_whole(sound).failing == 0


def test_value_that_went_missing_breaks_the_law_of_credit(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("update marts.attribution set value = 9.99 where model = 'markov'")
    assert "markov" in laws.credit_sums_to_conversions(sound).description


def test_conversions_nobody_credited_break_the_law_too(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("insert into journeys.attributed_conversions values ('2026-11-02', 'o2', 'order', 7)")
    assert laws.credit_sums_to_conversions(sound).failing > 0


def test_a_segment_nobody_counted_breaks_the_law_too(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("delete from marts.segment_metrics where segment = 'not_rated'")
    assert laws.segments_hold_every_customer(sound).failing == 1


def test_a_customer_without_a_segment_of_a_set_breaks_the_law(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("delete from marts.customer_segments where customer_id = 'c2' and segment_set = 'rfm'")
    sound.execute("update marts.segment_metrics set numerator = 0 where segment = 'not_rated'")
    assert laws.segments_hold_every_customer(sound).description.startswith("segment_set=rfm, segment=(all)")


def test_without_a_reporting_week_no_segment_is_owed(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute("delete from journeys.weeks; delete from marts.segment_metrics")
    assert laws.segments_hold_every_customer(sound) == laws.Outcome(0)


def test_a_source_object_is_called_what_its_worst_table_is(sound: duckdb.DuckDBPyConnection) -> None:
    assert statuses(sound) == {"ga4__events": "ok", "ga4__more": "ok"}
    sound.execute(
        "insert into marts.coverage by name select * replace ('conversions' as events_table, 'silent' as status, "
        "'ga4__more' as contracts) from marts.coverage"
    )
    assert statuses(sound) == {"ga4__events": "ok", "ga4__more": "silent"}
    sound.execute("insert into marts.coverage by name select * replace (week + 7 as week) from marts.coverage limit 1")
    assert statuses(sound) == {"ga4__events": "ok", "ga4__more": "ok"}


@pytest.mark.parametrize(
    "broken",
    [
        "update marts.stage_conversion set rate = 0.14 where week = '2026-10-12'",
        "update marts.change_explained set rate_effect = 0.009, mix_effect = -0.081 where member = 'paid'",
        "delete from marts.change_explained where member <> 'all'",
    ],
)
def test_a_change_is_that_of_the_published_rate_and_of_its_members(
    sound: duckdb.DuckDBPyConnection, broken: str
) -> None:
    sound.execute(broken)
    assert laws.contributions_sum_to_the_change(sound).failing == 1


def test_cohorts_that_swap_journeys_between_steps_break_the_law(sound: duckdb.DuckDBPyConnection) -> None:
    sound.execute(
        "update marts.path_steps set journeys = 3 - journeys where cohort_set = 'outcome' and step_number = 2"
    )
    assert laws.path_steps_hold_every_journey(sound).failing == 2


@pytest.mark.parametrize("table", ["path_steps", "transitions"])
def test_journeys_no_path_shows_break_the_law(sound: duckdb.DuckDBPyConnection, table: str) -> None:
    sound.execute("insert into marts.journey_paths values ('2026-11-02', 'j9')")
    law = {"path_steps": laws.path_steps_hold_every_journey, "transitions": laws.transitions_are_conserved}[table]
    assert law(sound).failing > 0


def test_a_model_with_a_window_is_held_to_the_weeks_it_speaks_of(sound: duckdb.DuckDBPyConnection) -> None:
    laws_of_credit = (laws.credit_sums_to_conversions, laws.spend_is_conserved)
    week = """
        insert into journeys.attributed_conversions values ('2026-11-02', 'o2', 'order', 7);
        insert into journeys.spend_cells values ('2026-11-02', 3);
        insert into marts.attribution by name select * replace (date '2026-11-02' as week, 7 as value, 3 as spend)
            from marts.attribution;
    """
    sound.execute(week)
    sound.execute("""
        insert into marts.attribution by name select * replace ('hazard' as model)
            from marts.attribution where week = '2026-11-02' and model = 'first'
    """)
    assert [law(sound).failing for law in laws_of_credit] == [0, 0]
    sound.execute("update marts.attribution set credit = 0.9, spend = 2 where model = 'hazard'")
    assert [law(sound).failing for law in laws_of_credit] == [1, 1]
    assert all("hazard" in law(sound).description for law in laws_of_credit)
