"""The sections of experiments and of what to do next: nothing is said that no lot has shown, and of nobody alone."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from journey_pipeline.report.experiments import experiments
from journey_pipeline.report.next_actions import next_actions
from journey_pipeline.report.reading import Released

AS_OF = datetime(2026, 11, 16)


@pytest.fixture
def released() -> Released:
    connection = duckdb.connect()
    connection.execute("""
        create table experiments as select *, false as is_control, true as is_first_metric, 'mail' as variant,
            'purchase_30' as metric, true as is_share, 1000 as units, 0.05 as control_mean, 0.08 as mean,
            0.03 as effect, 0.025 as adjusted_effect, 0.01 as adjusted_low, 0.04 as adjusted_high,
            case when reading = 'final' then 0 else 40 end as open_units
        from (values ('over', 'final', 'positive', true), ('runs', 'sequential', 'inconclusive', true),
            ('torn', 'final', 'invalid_sample_ratio', false)) as told(experiment_id, reading, verdict, is_incremental);
        create table experiment_arms as select *, 'mail' as variant from (values
            ('over', 'counted', 2000, 0.4, false), ('over', 'two_variants', 7, 0.4, false),
            ('torn', 'counted', 2000, 0.0000001, true), ('stray', 'no_design', 3, null, null)
        ) as told(experiment_id, counted_as, units, sample_ratio_p, is_sample_ratio_mismatch);
        create table experiment_looks as select 'runs' as experiment_id, 'purchase_30' as metric, 'mail' as variant,
            date '2026-11-02' + 7 * n::integer as week, 500 as control_units, 500 as units, 0.03 as effect,
            -0.02 as ci_low, 0.08 as ci_high, 0.4 as always_valid_p, 'continue' as decision from range(2) as look(n);
        create table next_best_actions as select 'cus_' || n as customer_id, 1 as recommendation, *
        from (values ('mail', 'marketing', 'email', 'Left a cart', 'email_marketing', 'v', 40),
            ('call', 'service', null, 'Unhappy', null, 'v', 3)
        ) as told(action, kind, channel, reason, required_consent, rule_version, many), range(many) as customer(n);
        create table action_values as select 'lifecycle' as segment_set, 'new' as segment, 'all' as stage,
            'mail' as action, 1 as "rank", 40 as customers, null::double as uplift_low, null::double as uplift_high,
            null::double as net_value_per_customer, null::double as net_value_total, 'hypothesis' as evidence,
            'none' as uplift_source, 'test' as action_type, 'nothing is over' as reason;
    """)
    return Released(connection, AS_OF)


def test_an_effect_is_told_with_the_interval_that_holds_when_it_is_read(released: Released) -> None:
    over, runs, torn = experiments(released)["effects"]
    assert (over["effect"], over["interval"]) == ("+2.50 points", "+1.00 points to +4.00 points")
    assert (runs["effect"], runs["interval"]) == ("+3.00 points", "−2.00 points to +8.00 points")
    assert (torn["effect"], torn["interval"], torn["verdict"]) == ("", "", "lot not as planned")
    assert runs["is_running"] and runs["open"] == "40" and not over["is_running"]


def test_the_lot_of_each_experiment_is_told_with_who_was_left_out(released: Released) -> None:
    told = {row["experiment"]: (row["counted"], row["left_out"], row["p"]) for row in experiments(released)["arms"]}
    assert told == {"Over": ("2,000", "7", "0.400"), "Torn": ("2,000", "0", "below 0.001"), "Stray": ("0", "3", "")}


def test_recommendations_are_counted_and_few_are_not_told(released: Released) -> None:
    told = next_actions(released)
    assert [(row["action"], row["first"], row["consent"]) for row in told["counts"]] == [
        ("Mail", "40", "Email marketing"), ("Call", "fewer than 30", "none needed"),
    ]  # fmt: skip
    (worth,) = told["worth"]
    assert (worth["net"], worth["what"], worth["reason"]) == ("", "test", "nothing is over")


def test_a_release_without_them_says_so() -> None:
    nothing = Released(duckdb.connect(), AS_OF)
    assert experiments(nothing) == {"effects": [], "arms": [], "looks": []}
    assert next_actions(nothing) == {"counts": [], "worth": []}
