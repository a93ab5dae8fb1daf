"""How the pages performed: the stage of a measurement, percentiles against numpy, frictions counted by hand."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

NOON = datetime(2026, 11, 2, 12)  # a Monday
STAGES = ["awareness", "consideration", "purchase", "experience", "advocacy"]
THRESHOLDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "web_vital_thresholds.csv"
# visitor, second, interaction, path, stage of its evidence
Touch = tuple[str, float, str, str, int | None]
# visitor, second, kind, metric, value, path
Measured = tuple[str, float, str, str | None, float | None, str | None]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "staged_hits vital_cells friction_cells")


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    made = Bench(models)
    made.clock("2026-12-07")
    stages = pd.DataFrame({"stage_number": range(1, 6), "stage": STAGES})
    made.put("seeds.stages", stages.assign(funnel="journey", is_exclusion=False))
    made.put("seeds.web_vital_thresholds", pd.read_csv(THRESHOLDS))
    return made


def told(bench: Bench, touches: list[Touch], measured: list[Measured]) -> None:
    """Visits as they were cut: one per visitor and 1800 silent seconds."""
    rows, numbers, last = [], dict[str, int](), dict[str, float]()
    for number, (visitor, second, interaction, path, stage) in enumerate(sorted(touches, key=lambda t: t[1])):
        numbers[visitor] = numbers.get(visitor, 0) + (second - last.get(visitor, -1e9) > 1800)
        last[visitor] = second
        rows.append((f"t{number}", visitor, NOON + timedelta(seconds=second), interaction, path, stage,
                     f"{visitor}-{numbers[visitor]}"))  # fmt: skip
    names = [
        "touchpoint_id",
        "visitor_id",
        "occurred_at",
        "interaction_type",
        "page_path",
        "stage_number",
        "session_number",
    ]
    given = pd.DataFrame(rows, columns=names).assign(
        visitor_type="ga_client_id", source="ga4", device_category="mobile", is_machine=False, is_internal_test=False
    )
    bench.put("journeys.customer_touchpoints", given.drop(columns="stage_number"))
    sessions = given.groupby("session_number", as_index=False).agg(started_at=("occurred_at", "min"))
    bench.put("journeys.sessions", sessions.assign(session_id=sessions["session_number"]))
    evidence = given.dropna(subset="stage_number")
    bench.put(
        "journeys.journey_events",
        pd.DataFrame({"event_id": evidence["touchpoint_id"], "stage_number": evidence["stage_number"]}).assign(
            is_exclusion=False
        ),
        event_id="varchar",
        stage_number="integer",
    )
    names = ["visitor_id", "second", "interaction_type", "metric", "value", "page_path"]
    taken = pd.DataFrame(measured, columns=names).assign(
        measurement_id=[f"m{n}" for n in range(len(measured))],
        occurred_at=lambda m: [NOON + timedelta(seconds=s) for s in m["second"]],
        visitor_type="ga_client_id", source="ga4", device_category="mobile", is_machine=False, is_internal_test=False,
    )  # fmt: skip
    bench.put("events.measurements", taken, metric="varchar", value="double", page_path="varchar")
    for model in ("staged_hits", "vital_cells", "friction_cells"):
        bench.run(model)


def test_a_measurement_has_the_stage_its_visit_had_shown_by_then(bench: Bench) -> None:
    told(
        bench,
        [
            ("v", 0, "page_view", "/", 1),
            ("v", 60, "view_item", "/lamps", 2),
            ("v", 90, "page_view", "/", 1),
            ("v", 120, "scroll", "/", None),
            # The visit of the next day begins anew.
            ("v", 86_400, "scroll", "/", None),
            ("v", 86_460, "purchase", "/cart", 3),
        ],
        [
            ("v", 60, "web_vital", "LCP", 1, "/lamps"),
            ("v", 125, "web_vital", "LCP", 2, "/"),
            ("v", 120 + 1800, "web_vital", "LCP", 3, "/"),
            ("v", 120 + 1801, "web_vital", "LCP", 4, "/"),
            ("v", 86_401, "web_vital", "LCP", 5, "/"),
            ("v", 86_500, "web_vital", "LCP", 6, "/cart"),
            ("stranger", 0, "web_vital", "LCP", 7, "/"),
        ],
    )
    found = bench.ask("""
        select value, stage, session_id from warehouse.journeys.staged_hits where signal = 'web_vital' order by value
    """)
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        [1.0, "consideration", "v-1"],
        [2.0, "awareness", "v-1"],
        [3.0, "awareness", "v-1"],
        [4.0, "awareness", None],
        [5.0, "awareness", "v-2"],
        [6.0, "purchase", "v-2"],
        [7.0, "awareness", None],
    ]


def test_percentiles_and_shares_are_those_of_numpy(bench: Bench) -> None:
    dice = random.Random(5)
    limits = {"LCP": (2500, 4000), "CLS": (0.1, 0.25)}
    measured: list[Measured] = []
    for metric, (good, poor) in limits.items():
        measured += [("v", 0, "web_vital", metric, limit, "/") for limit in (good, poor)]
        for week in range(6):
            seconds = week * 7 * 86_400
            measured += [
                ("v", seconds + dice.random() * 86_400, "web_vital", metric, dice.expovariate(1) * poor, "/")
                for _ in range(dice.randint(1, 40))
            ]
    told(bench, [("v", -1e6, "page_view", "/", 1)], measured)
    found = bench.ask("select * from warehouse.journeys.vital_cells where stage = 'all' and device = 'all'")
    assert len(found) == 12
    for cell in found.itertuples():
        good, poor = limits[cell.metric]
        age = [(cell.week - pd.Timestamp(NOON.date())).days - m[1] / 86_400 for m in measured]
        own = [m[4] for m, days in zip(measured, age, strict=True) if m[3] == cell.metric and -7 < days <= 0.5]
        four = [m[4] for m, days in zip(measured, age, strict=True) if m[3] == cell.metric and -7 < days <= 21.5]
        assert (cell.measurements, cell.measurements_28d) == (len(own), len(four))
        assert cell.p75 == pytest.approx(np.percentile(own, 75), rel=1e-12)
        assert cell.p75_28d == pytest.approx(np.percentile(four, 75), rel=1e-12)
        assert (cell.good, cell.poor) == (sum(v <= good for v in own), sum(v > poor for v in own))
        assert cell.good + cell.needs_improvement + cell.poor == cell.measurements


def test_every_member_is_told_and_all_of_them_together(bench: Bench) -> None:
    told(
        bench,
        [("v", 0, "view_item", "/", 2)],
        [("v", 1, "web_vital", "LCP", 1, "/"), ("w", 1, "web_vital", "LCP", 3, "/")],
    )
    found = bench.ask("select stage, device, measurements, p75 from warehouse.journeys.vital_cells order by all")
    assert found.values.tolist() == [
        ["all", "all", 2, 2.5],
        ["all", "mobile", 2, 2.5],
        ["awareness", "all", 1, 3.0],
        ["awareness", "mobile", 1, 3.0],
        ["consideration", "all", 1, 1.0],
        ["consideration", "mobile", 1, 1.0],
    ]


def test_frictions_are_counted_by_event_and_by_visit_and_a_calm_week_is_a_zero(bench: Bench) -> None:
    week = 7 * 86_400
    told(
        bench,
        [
            ("a", 0, "page_view", "/sale/1", 1),
            ("b", 0, "page_view", "/sale", 1),
            ("c", 0, "page_view", "/guide", 1),
            ("a", week, "page_view", "/sale/2", 1),
        ],
        [
            ("a", 1, "rage_click", None, None, "/sale/1"),
            ("a", 2, "rage_click", None, None, "/sale/1"),
            ("stranger", 3, "rage_click", None, None, "/sale/1"),
        ],
    )
    found = bench.ask("""
        select week::varchar as week, page_group, signal, events, affected_sessions, sessions
        from warehouse.journeys.friction_cells where stage = 'all' order by all
    """)
    assert found.values.tolist() == [
        ["2026-11-02", "/sale", "rage_click", 3, 1, 2],
        ["2026-11-02", "all", "rage_click", 3, 1, 3],
        ["2026-11-09", "/sale", "rage_click", 0, 0, 1],
        ["2026-11-09", "all", "rage_click", 0, 0, 1],
    ]


@pytest.mark.parametrize(("seconds", "events"), [(10, 1), (10.5, 0)])
def test_quick_back_is_the_page_before_within_ten_seconds(bench: Bench, seconds: float, events: int) -> None:
    told(
        bench,
        [
            ("a", 0, "page_view", "/list", 1),
            ("a", 30, "page_view", "/lamp", 1),
            ("a", 30 + seconds, "page_view", "/list", 1),
            ("a", 33 + seconds, "page_view", "/list", 1),
            ("a", 36 + seconds, "page_view", "/other", 1),
        ],
        [("a", 1, "error", None, None, "/list")],
    )
    found = bench.ask("""
        select page_group, events, affected_sessions, sessions from warehouse.journeys.friction_cells
        where stage = 'all' and signal = 'quick_back' order by all
    """)
    assert found.values.tolist() == ([["/lamp", 1, 1, 1], ["all", 1, 1, 1]] if events else [])


def test_a_site_that_measures_nothing_is_not_said_to_be_free_of_errors(bench: Bench) -> None:
    told(bench, [("a", 0, "page_view", "/", 1)], [])
    assert bench.ask("select count(*) as n from warehouse.journeys.friction_cells")["n"].tolist() == [0]
    assert bench.ask("select count(*) as n from warehouse.journeys.staged_hits")["n"].tolist() == [0]
