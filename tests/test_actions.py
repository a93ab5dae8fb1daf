"""Actions: what is proposed, how large the prize is, which weeks an effect is measured on, expected against found."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journey_pipeline import action_effects, action_register
from journey_pipeline.action_proposals import Facts
from journey_pipeline.actions import COLUMNS, actions

VECTOR = Path(__file__).parent / "vectors" / "72_optimisation_impact"
MONDAYS = [pd.Timestamp("2026-06-01") + pd.Timedelta(weeks=n) for n in range(24)]
AS_OF = datetime(2026, 11, 16)
WINDOW = 7 * 86_400
START = date(2026, 9, 14)


def cells(metric: str = "purchase>experience", **shares: tuple[float, float, float]) -> pd.DataFrame:
    """Weekly counts of members of entry_channel and of all: size, share before START and after."""
    rows = []
    for week in MONDAYS:
        counted = {m: (n, round(n * (after if week >= pd.Timestamp(START) else before)))
                   for m, (n, before, after) in shares.items()}  # fmt: skip
        whole = tuple(map(sum, zip(*counted.values(), strict=True)))
        for breakdown, member, (n, k) in [
            ("all", "all", whole),
            *(("entry_channel", m, c) for m, c in counted.items()),
        ]:
            rows.append((week, metric, breakdown, member, WINDOW, n, k, week < MONDAYS[22]))
    names = ["week", "metric", "breakdown", "member", "window_seconds", "entered", "converted", "is_mature"]
    return pd.DataFrame(rows, columns=names)


KPIS = pd.DataFrame(
    [
        ("journey_completion", "Journey completion", "proportion", "relative", 4, "journeys that got there"),
        ("customer_retention", "Customer retention", "proportion", "relative", 1, "customers who came back"),
        ("customer_lifetime_value", "Customer lifetime value", "mean", "relative", 12, "value of customers"),
    ],
    columns=["kpi", "name", "kind", "target_type", "current_weeks", "numerator_name"],
)
STAGES = pd.DataFrame({"funnel": "journey", "stage": ["awareness", "purchase", "experience"], "owner": ["A", "P", "E"]})


def scorecard(**verdicts: list[str]) -> pd.DataFrame:
    rows = [
        {"week": MONDAYS[20 + n], "target_set": "mvp", "kpi": kpi, "name": kpi, "owner": "Results", "baseline": 0.5,
         "actual": 0.5, "improvement": 0.0, "ci_low": -0.1, "ci_high": 0.1, "target_value": 0.575, "denominator": 400.0,
         "verdict": verdict}
        for kpi, words in verdicts.items() for n, verdict in enumerate(words)
    ]  # fmt: skip
    names = ["week", "target_set", "kpi", "name", "owner", "baseline", "actual", "improvement", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=[*names, "target_value", "denominator", "verdict"])


def improvements() -> pd.DataFrame:
    """Vector 72 as the release tells it: the step of the cart and the one before it."""
    expected = pd.read_csv(VECTOR / "expected.csv")
    return pd.DataFrame(
        {
            "week": MONDAYS[20],
            "funnel": "shop",
            "step": expected["stage"],
            "next_step": ["purchase", "cart"],
            "is_planned": True,
            "is_small_sample": False,
            "reduction": 0.1,
            "drop_off": 1 - expected["p_before"],
            "extra_conversions": expected["extra_conversions"],
            "ci_low": expected["ci_lo"],
            "ci_high": expected["ci_hi"],
        }
    )


def experiments(**changes: Any) -> pd.DataFrame:
    """What the table of experiments says of one with two metrics; the control has no effect."""
    rows = pd.DataFrame(
        {"experiment_id": "x1", "variant": ["a", "b", "b"], "metric": ["other", "purchase>experience", "other"],
         "effect": [np.nan, 0.04, 9.0], "ci_low": [np.nan, 0.01, 8.0], "ci_high": [np.nan, 0.07, 10.0],
         "is_first_metric": [True, False, True], "is_incremental": [False, True, True]}
    )  # fmt: skip
    return rows.assign(**changes)


def facts(**changes: Any) -> Facts:
    empty = Facts(
        effect_cells=cells(email=(40, 0.3, 0.3), direct=(200, 0.5, 0.5)),
        kpi_cells=pd.DataFrame(columns=["week", "kpi", "numerator", "denominator", "sum_squares", "is_mature"]),
        kpis=KPIS,
        stages=STAGES,
        scorecard=scorecard(),
        improvements=improvements().head(0),
        experiments=experiments().head(0),
        pain_points=pd.DataFrame(),
        as_of=AS_OF,
    )
    return dataclasses.replace(empty, **changes)


def action(**said: Any) -> dict[str, Any]:
    empty = dict.fromkeys([*action_register.HEADER, *action_register.OPTIONAL, "line"])
    given = {"action_id": "a", "opportunity": "o", "metric": "purchase>experience", "status": "running"}
    return {**empty, **given, "started_on": START, **said}


def told(row: dict[str, Any], **changes: Any) -> pd.Series:
    return actions([row], facts(**changes)).set_index("action_id").loc[row["action_id"]]


def test_nothing_to_say_is_an_empty_table() -> None:
    found = actions([], facts())
    assert list(found.columns) == COLUMNS and found.empty


def test_a_member_is_measured_against_the_other_members() -> None:
    moved = cells(email=(40, 0.3, 0.5), direct=(200, 0.5, 0.55), paid=(100, 0.4, 0.45))
    row = told(action(breakdown="entry_channel", member="email"), effect_cells=moved)
    others = (200 * 0.55 + 100 * 0.45) / 300 - (200 * 0.5 + 100 * 0.4) / 300
    assert row["method"] == "difference_in_differences" and not row["is_incremental"]
    assert row["effect"] == pytest.approx(0.2 - others, abs=1e-12)
    assert row["effect_low"] < row["effect"] < row["effect_high"]
    assert "An estimate, not an experiment" in row["effect_note"]
    assert (row["before_value"], row["after_value"]) == pytest.approx((0.3, 0.5))


def test_weeks_before_had_had_their_window_when_it_started() -> None:
    row = told(action(breakdown="entry_channel", member="email"))
    assert row["before_until"] == pd.Timestamp("2026-08-31"), "the week of 7 September had a week of window after it"
    assert row["before_from"] == row["before_until"] - pd.Timedelta(weeks=7), "eight weeks"
    assert row["after_from"] == pd.Timestamp("2026-09-14") and row["after_until"] == MONDAYS[21]
    midweek = told(action(started_on=date(2026, 9, 16), ended_on=date(2026, 10, 4)))
    assert midweek["after_from"] == pd.Timestamp("2026-09-21") and midweek["after_until"] == pd.Timestamp("2026-09-28")
    since = told(action(compare_from=date(2026, 8, 17)))
    assert since["before_from"] == pd.Timestamp("2026-08-17")


def test_without_a_member_it_is_before_and_after() -> None:
    row = told(action(), effect_cells=cells(email=(40, 0.3, 0.5), direct=(200, 0.5, 0.5)))
    assert row["method"] == "pre_post" and row["effect"] == pytest.approx(40 * 0.2 / 240, abs=1e-12)
    assert np.isnan(row["others_after"])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"started_on": None, "status": "planned"}, action_effects.NO_START),
        ({"started_on": date(2026, 11, 9)}, action_effects.NO_WEEKS_YET),
        ({"started_on": date(2026, 6, 8)}, action_effects.FEW_BEFORE),
        ({"breakdown": "entry_channel", "member": "sms"}, action_effects.NO_MEMBER),
        ({"metric": "customer_retention"}, action_effects.ROLLING),
    ],
)
def test_what_cannot_be_told_says_why(said: dict[str, Any], why: str) -> None:
    row = told(action(**said))
    assert row["effect_note"] == why and np.isnan(row["effect"]) and pd.isna(row["method"])


def test_an_experiment_goes_before_any_comparison_of_weeks() -> None:
    results = experiments()
    row = told(action(experiment_id="x1", expected_low=0.08, expected_high=0.1), experiments=results)
    assert (row["method"], row["effect"], row["is_incremental"]) == ("experiment", 0.04, True)
    assert row["backtest"] == "less"
    first = told(action(experiment_id="x1", metric="awareness>purchase"), experiments=results)
    assert first["effect"] == 9 and "Metric other, variant b." in first["effect_note"]
    broken = told(action(experiment_id="x1"), experiments=experiments(is_incremental=False))
    assert broken["method"] == "pre_post", "the lot was not drawn as planned"
    without = told(action(experiment_id="x2"), experiments=results)
    assert without["method"] == "pre_post" and without["effect_note"].startswith(action_effects.NO_RESULT)
    assert not without["is_incremental"]


def test_what_was_expected_is_held_against_what_came() -> None:
    moved = cells(email=(400, 0.3, 0.5), direct=(2000, 0.5, 0.5))
    of = {"breakdown": "entry_channel", "member": "email"}
    for (low, high), word in {(0.1, 0.2): "as_expected", (0.4, 0.5): "less", (0.0, 0.05): "more"}.items():
        row = told(action(**of, expected_low=low, expected_high=high), effect_cells=moved)
        assert row["backtest"] == word


def test_the_prize_of_a_step_is_that_of_its_planned_improvement() -> None:
    expected = pd.read_csv(VECTOR / "expected.csv").iloc[0]
    row = told(
        action(metric="shop:cart>purchase", expected_low=0.02, expected_high=0.05, effort=4.0, started_on=None),
        improvements=improvements(),
        scorecard=scorecard(customer_lifetime_value=["not_yet_knowable"]).assign(actual=60.0),
    )
    assert row["prize"] == pytest.approx(expected["extra_conversions"], rel=1e-12)
    assert (row["prize_low"], row["prize_high"]) == pytest.approx((expected["ci_lo"], expected["ci_hi"]), rel=1e-12)
    assert row["prize_value"] == pytest.approx(expected["extra_revenue"], rel=1e-12)
    assert row["priority"] == pytest.approx(16_800 * (0.035 / 0.07) / 4, rel=1e-9)


def test_a_step_behind_the_conversion_wins_those_who_get_through() -> None:
    """240 a week, 112 through: a tenth of the 128 who drop off stays, times 0.8."""
    row = told(action())
    assert row["prize"] == pytest.approx(128 * 0.1 * 0.8, rel=1e-12)


def test_kpis_off_track_and_the_dearest_step_are_proposed_with_their_owner() -> None:
    found = actions(
        [],
        facts(
            scorecard=scorecard(
                journey_completion=["on_track", "off_track", "off_track"], customer_retention=["off_track", "on_track"]
            ),
            improvements=improvements(),
        ),
    ).set_index("action_id")
    assert set(found.index) == {"proposed:journey_completion", "proposed:shop:consideration>cart"}
    kpi = found.loc["proposed:journey_completion"]
    assert kpi["owner"] == "Results" and kpi["proposed_on"] == MONDAYS[22], "the Monday after the first week off track"
    assert kpi["prize"] == pytest.approx(0.075 * 100), "the gap to the first target, a week"
    assert (kpi["prize_low"], kpi["prize_high"]) == pytest.approx((0.025 * 100, 0.125 * 100))
    assert (found["status"] == "proposed").all() and not found["is_incremental"].any()


def test_what_is_registered_is_not_proposed_again() -> None:
    off = scorecard(journey_completion=["off_track"])
    registered = [action(kpi="journey_completion"), action(action_id="b", metric="shop:consideration>cart")]
    found = actions(registered, facts(scorecard=off, improvements=improvements()))
    assert set(found["action_id"]) == {"a", "b"}
    dropped = [{**one, "status": "dropped"} for one in registered]
    assert len(actions(dropped, facts(scorecard=off, improvements=improvements()))) == 4


def pain_points(signals: list[bool]) -> pd.DataFrame:
    """The broken step of vector 63's kind, a member's and everybody's, week by week."""
    rows = [
        {"week": MONDAYS[18 + n], "rank": rank, "step": "purchase to experience", "stage": "purchase",
         "breakdown": breakdown, "member": member, "entered": 200, "drop_reference": 0.4, "ci_low": 0.45,
         "ci_high": 0.59, "excess": 24.0, "value_at_stake": 480.0, "is_signal": is_signal, "explained_by": because}
        for n, is_signal in enumerate(signals)
        for rank, breakdown, member, because in [(1, "entry_channel", "email", None), (2, "all", "all", "email")]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_pain_point_that_is_more_than_chance_is_proposed_for_its_member() -> None:
    found = actions([], facts(pain_points=pain_points([True, False, True, True]))).iloc[0]
    assert found["action_id"] == "proposed:purchase>experience:entry_channel:email"
    assert (found["member"], found["owner"], found["origin"]) == ("email", "P", "pain_point")
    assert found["proposed_on"] == MONDAYS[21], "the Monday after the first week of the run that still goes on"
    assert (found["prize"], found["prize_value"]) == (24, 480)
    assert (found["prize_low"], found["prize_high"]) == pytest.approx((200 * 0.05, 200 * 0.19))
    assert len(actions([], facts(pain_points=pain_points([True, True])))) == 1, "the whole is explained by its member"
    assert actions([], facts(pain_points=pain_points([True, False]))).empty
    registered = action(breakdown="entry_channel", member="email", expected_low=0.06, expected_high=0.12, effort=3.0)
    alone = actions([registered], facts(pain_points=pain_points([True])))
    assert alone["action_id"].tolist() == ["a"]
    assert alone["priority"].item() == pytest.approx(480 * (0.09 / 0.12) / 3)


def test_the_order_of_cells_does_not_matter() -> None:
    row = action(breakdown="entry_channel", member="email")
    moved = cells(email=(40, 0.3, 0.5), direct=(200, 0.5, 0.55))
    one, other = (actions([row], facts(effect_cells=part)) for part in (moved, moved.sample(frac=1, random_state=2)))
    pd.testing.assert_frame_equal(one, other)
