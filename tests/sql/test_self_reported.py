"""How customers say they heard of us beside tracked credit: which conversion an answer speaks of, and both shares."""

from __future__ import annotations

import pandas as pd
import pytest

from journey_pipeline.attribution import self_reported_sources

from .compiled_models import Bench, compile_models

WEEK = "2026-10-26"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "self_reported_cells")


def measured(
    models: dict[str, str], answers: list[tuple[str, str, str]], orders: list[tuple[str, str, str]]
) -> dict[tuple[str, str], list[float]]:
    """(week, channel) -> answers, respondents, self-reported and tracked share.

    Answers are (customer, channel, instant), complete unless of nobody; orders (customer, first channel, instant).
    """
    bench = Bench(models)
    bench.clock("2026-12-01")
    told = pd.DataFrame(answers, columns=["identifier_value", "channel", "answered_at"])
    told = told.assign(identifier_type="email", is_complete=told["identifier_value"] != "nobody", report_id=told.index)
    bench.put("events.self_reports", told, answered_at="timestamp")
    people = sorted({name for name, *_ in [*answers, *orders]})
    bench.put(
        "identity.identifiers",
        pd.DataFrame(
            {"identifier_type": "email", "identifier_value": people, "customer_id": [f"c{p}" for p in people]}
        ),
    )
    bought = pd.DataFrame(orders, columns=["customer", "channel", "occurred_at"])
    bought = bought.assign(
        customer_id="c" + bought["customer"],
        conversion_id=[f"o{n}" for n in range(len(orders))],
        conversion_type="order",
        week=WEEK,
        model="first",
        credit=1.0,
    )
    bench.put("journeys.attributed_conversions", bought, occurred_at="timestamp", week="date")
    both = pd.concat([bought, bought.assign(model="last", channel="direct")])
    bench.put("journeys.credits", both, credit="decimal(18, 12)")
    table = self_reported_sources(bench.run("self_reported_cells"), min_n=3)
    names = ["answers", "respondents", "self_reported_share", "tracked_share"]
    return {
        (f"{row.week:%Y-%m-%d}", row.channel): [float(getattr(row, one)) for one in names] for row in table.itertuples()
    }


def test_both_shares_are_of_the_conversions_with_an_answer(models: dict[str, str]) -> None:
    orders = [(name, "display", "2026-10-27 10:00") for name in ("a", "b", "c")]
    orders += [("d", "email", "2026-10-27 10:00"), ("silent", "email", "2026-10-27 10:00")]
    answers = [("a", "referral", "2026-10-28"), ("b", "referral", "2026-10-28"), ("c", "display", "2026-10-28")]
    answers += [("d", "audio", "2026-10-28"), ("nobody", "audio", "2026-10-28")]
    assert measured(models, answers, orders) == {
        (WEEK, "referral"): [2, 4, 0.5, 0.0],
        (WEEK, "display"): [1, 4, 0.25, 0.75],
        (WEEK, "audio"): [1, 4, 0.25, 0.0],
        (WEEK, "email"): [0, 4, 0.0, 0.25],
    }


def test_an_answer_speaks_of_the_last_conversion_before_it_and_the_first_answer_counts(models: dict[str, str]) -> None:
    orders = [
        ("a", "email", "2026-10-01 10:00"),
        ("a", "display", "2026-10-20 10:00"),
        ("a", "audio", "2026-10-29 10:00"),
    ]
    answers = [("a", "referral", "2026-10-21"), ("a", "other", "2026-10-22")]
    assert measured(models, answers, orders) == {
        (WEEK, "referral"): [1, 1, 1.0, 0.0], (WEEK, "display"): [0, 1, 0.0, 1.0],
    }  # fmt: skip


def test_an_answer_a_month_later_speaks_of_no_conversion(models: dict[str, str]) -> None:
    orders = [("a", "email", "2026-10-01 10:00"), ("b", "email", "2026-10-01 10:00")]
    answers = [("a", "referral", "2026-10-31 10:00"), ("b", "audio", "2026-10-31 10:00:01")]
    assert set(measured(models, answers, orders)) == {(WEEK, "referral"), (WEEK, "email")}


def test_shares_have_wilson_intervals() -> None:
    """15 of 148: 0.0624 to 0.1605 (Newcombe 1998, Table I, method 3)."""
    cells = pd.DataFrame({"week": [WEEK], "conversion_type": "order", "channel": "email", "answers": 15,
                          "respondents": 148, "tracked_credit": 37.0})  # fmt: skip
    row = self_reported_sources(cells).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert row["tracked_share"] == 0.25 and not row["is_small_sample"]
