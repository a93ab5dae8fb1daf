"""The scorecard's counts from weekly cells: what is mature there is what is mature in the conversion they come from."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from journey_pipeline.conversion import stage_conversion

from .compiled_models import Bench, compile_models

FIRST = date(2026, 2, 16)
WINDOW = 14 * 86400


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "weeks kpi_journey_cells")


def kpi_cells(models: dict[str, str], cells: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Of cohorts in Berlin, whose summer time begins on the 29th of March 2026 and ends on the 25th of October."""
    bench = Bench(models)
    bench.clock(as_of, "Europe/Berlin")
    bench.put("journeys.customer_touchpoints", pd.DataFrame({"occurred_at": [FIRST]}), occurred_at="timestamp")
    bench.put("journeys.stage_cells", cells, week="date")
    bench.put("seeds.funnels", pd.DataFrame({"funnel": ["journey"], "default_mode": ["reached"]}))
    for relation, columns in {
        "experience_answers": "week date, customer_id varchar, family varchar, instrument varchar, "
        "answered_at timestamp, score_share double",
        "experience_cells": "week date, instrument varchar, positives bigint, answers bigint",
    }.items():
        bench.connection.execute(f"create or replace table warehouse.journeys.{relation} ({columns})")
    bench.run("weeks")
    return bench.run("kpi_journey_cells")


def cohorts(still_open: int) -> pd.DataFrame:
    weeks = [FIRST + timedelta(weeks=n) for n in range(40)]
    of = {
        "view": "cohort", "funnel": "journey", "mode": "reached", "is_default_mode": True, "from_stage": "awareness",
        "to_stage": "purchase", "breakdown": "all", "member": "all", "window_seconds": WINDOW, "entered": 40,
        "converted": 10, "imputed": 0, "open": still_open, "median_seconds": 1.0, "p75_seconds": 1.0,
        "p90_seconds": 1.0,
    }  # fmt: skip
    return pd.DataFrame({"week": weeks}).assign(**of)


@pytest.mark.parametrize("still_open", [0, 1])
@pytest.mark.parametrize(
    ("as_of", "local"),
    [
        ("2026-03-22 23:00", datetime(2026, 3, 23)),
        ("2026-03-29 22:00", datetime(2026, 3, 30)),  # an hour short of two weeks after the 16th
        ("2026-04-12 22:00", datetime(2026, 4, 13)),
        ("2026-10-25 23:00", datetime(2026, 10, 26)),  # an hour more
    ],
)
def test_a_cohort_is_mature_where_stage_conversion_says_so(
    models: dict[str, str], as_of: str, local: datetime, still_open: int
) -> None:
    cells = cohorts(still_open)
    cells = cells[pd.to_datetime(cells["week"]) < local]
    told = stage_conversion(cells, local)[["week", "is_mature"]]
    found = kpi_cells(models, cells, as_of)[["week", "is_mature"]].sort_values("week", ignore_index=True)
    assert found.values.tolist() == told.values.tolist()
    assert found["is_mature"].sum() == (0 if still_open else len(cells) - 2)
