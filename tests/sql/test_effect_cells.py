"""The cells that effects of actions are measured on: everybody of every step, members of what an action names."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

WEEK = date(2026, 10, 5)
DAY = 86_400


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "effect_cells")


def stage_cells() -> pd.DataFrame:
    rows = [
        ("cohort", "journey", True, "purchase", "experience", "all", "all", 40, 20, 0),
        ("cohort", "journey", True, "purchase", "experience", "entry_channel", "email", 10, 5, 0),
        ("cohort", "journey", True, "purchase", "experience", "entry_device", "mobile", 40, 20, 0),
        ("cohort", "journey", False, "purchase", "experience", "all", "all", 40, 10, 0),
        ("hazard", "journey", True, "purchase", "experience", "all", "all", 90, 20, None),
        ("cohort", "checkout", True, "view_item", "add_to_cart", "all", "all", 80, 8, 1),
    ]
    names = ["view", "funnel", "is_default_mode", "from_stage", "to_stage", "breakdown", "member"]
    frame = pd.DataFrame(rows, columns=[*names, "entered", "converted", "open"])
    return frame.assign(week=WEEK, mode="reached", window_seconds=14 * DAY)


def pain_step_cells() -> pd.DataFrame:
    rows = [
        ("onboarding", "onboarding", "all", "all", 7 * DAY, 40, 12, 0),
        ("onboarding", "onboarding", "entry_channel", "email", 7 * DAY, 10, 6, 1),
        ("onboarding", "onboarding", "market", "DE", 7 * DAY, 10, 6, 0),
        ("transition", "purchase to experience", "all", "all", 14 * DAY, 40, 20, 0),
        ("friction", "js_error in purchase", "all", "all", 0, 300, 9, 0),
    ]
    names = ["kind", "step", "breakdown", "member", "window_seconds", "entered", "dropped", "open"]
    return pd.DataFrame(rows, columns=names).assign(week=WEEK)


def built(models: dict[str, str], as_of: str) -> dict[tuple[str, str], tuple[int, int, bool]]:
    bench = Bench(models)
    bench.clock(as_of)
    bench.put("journeys.stage_cells", stage_cells(), week="date", open="bigint")
    bench.put("journeys.pain_step_cells", pain_step_cells(), week="date")
    register = pd.DataFrame(
        {"metric": ["onboarding", "purchase>experience", "onboarding"], "breakdown": ["entry_channel"] * 2 + [None]}
    )
    bench.put("seeds.actions", register, breakdown="varchar")
    rows = bench.run("effect_cells")
    assert not rows.duplicated(["week", "metric", "breakdown", "member"]).any()
    return {(row.metric, row.member): (row.entered, row.converted, row.is_mature) for row in rows.itertuples()}


def test_who_got_through_is_told_of_everybody_and_of_members_that_an_action_names(models: dict[str, str]) -> None:
    assert built(models, str(WEEK + timedelta(days=21))) == {
        ("purchase>experience", "all"): (40, 20, True),
        ("purchase>experience", "email"): (10, 5, True),
        ("checkout:view_item>add_to_cart", "all"): (80, 8, False),
        ("onboarding", "all"): (40, 28, True),
        ("onboarding", "email"): (10, 3, False),
        ("js_error in purchase", "all"): (300, 291, True),
    }


def test_a_week_is_mature_when_everybody_in_it_has_had_the_window(models: dict[str, str]) -> None:
    young = built(models, str(WEEK + timedelta(days=14)))
    assert young["onboarding", "all"][2] and not young["purchase>experience", "all"][2]
