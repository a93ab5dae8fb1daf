"""Alarms of KPIs: how often quiet weeks raise one, and that a real fall does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.kpi_alarms import LIMIT_WEEKS, alarms
from journey_pipeline.signals import laney_limits

WEEKS = 52
SERIES = 60


def definitions(kind: str, is_share: bool = False) -> pd.DataFrame:
    return pd.DataFrame({"kpi": [f"k{n}" for n in range(SERIES)], "kind": kind, "is_share": is_share})


def cells(numerator: np.ndarray, denominator: np.ndarray, squares: np.ndarray | None = None) -> pd.DataFrame:
    """One KPI per row of the arrays, a week per column."""
    names = np.repeat([f"k{n}" for n in range(len(numerator))], numerator.shape[1])
    first = pd.Timestamp("2026-01-05")
    days = [first + pd.Timedelta(weeks=n) for n in range(numerator.shape[1])]
    return pd.DataFrame(
        {
            "week": np.tile(np.array(days, dtype="datetime64[us]"), len(numerator)),
            "kpi": names,
            "numerator": numerator.ravel().astype(float),
            "denominator": denominator.ravel().astype(float),
            "sum_squares": np.nan if squares is None else squares.ravel(),
            "is_mature": True,
        }
    )


def quiet(kind: str, generator: np.random.Generator, dispersed: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Series whose true value moves from week to week by chance and by nothing else."""
    shape = (SERIES, LIMIT_WEEKS + WEEKS)
    size = generator.poisson(generator.uniform(60, 400, (SERIES, 1)), shape) + 30
    shock = generator.normal(0, dispersed, shape)
    if kind == "proportion":
        share = 1 / (1 + np.exp(-(generator.normal(-1, 1, (SERIES, 1)) + shock)))
        return cells(generator.binomial(size, share), size), definitions(kind)
    if kind == "rate":
        spend = size * generator.uniform(20, 40, (SERIES, 1))
        return cells(generator.poisson(size * np.exp(shock)), spend), definitions(kind)
    pairs = zip(size, shock, strict=True)
    values = [[generator.lognormal(4 + move, 0.8, n) for n, move in zip(*row, strict=True)] for row in pairs]
    total, squares = (np.array([[(v**power).sum() for v in row] for row in values]) for power in (1, 2))
    if kind == "mean":
        return cells(total, size, squares), definitions(kind)
    touched = np.array([[v[generator.random(len(v)) < 0.7].sum() for v in row] for row in values])
    return cells(touched, total, squares), definitions("mean", is_share=True)


@pytest.mark.parametrize("dispersed", [0.0, 0.15])
@pytest.mark.parametrize("kind", ["proportion", "rate", "mean", "share"])
def test_quiet_weeks_raise_fewer_alarms_than_stated(kind: str, dispersed: float) -> None:
    """60 KPIs of 52 quiet weeks each; stated are fewer than 1 in 100, and 0.1 to 0.6 in 100 come."""
    series, kpis = quiet(kind, np.random.default_rng(52), dispersed)
    found = alarms(series, kpis)["is_alarm"].dropna()
    assert len(found) > SERIES * WEEKS * 0.9
    assert found.mean() < 0.01


def test_a_fall_is_seen_in_its_week_and_a_rise_is_no_alarm() -> None:
    size = np.full((1, 16), 400)
    shares = np.array([[0.30, 0.32] * 6 + [0.31, 0.15, 0.31, 0.60]])
    kpis = definitions("proportion").head(1)
    found = alarms(cells(np.round(size * shares), size), kpis).set_index("week")["is_alarm"]
    assert found.iloc[:12].isna().all(), "twelve weeks must stand before"
    assert found.iloc[12:].tolist() == [False, True, False, False]


def test_limits_of_a_share_are_those_of_laney() -> None:
    generator = np.random.default_rng(4)
    entered = generator.integers(200, 400, (1, 13))
    converted = generator.binomial(entered, 0.3)
    found = alarms(cells(converted, entered), definitions("proportion").head(1)).iloc[-1]
    limits = laney_limits(entered[0, :12], converted[0, :12], entered[0, 12])
    assert [found["lower_limit"], found["upper_limit"]] == [float(limits.low), float(limits.high)]


def test_few_cases_raise_no_alarm_and_weeks_without_news_keep_the_last_word() -> None:
    size = np.full((1, 14), 400)
    converted = np.round(size * np.array([[0.3, 0.32] * 6 + [0.1, 0.3]]))
    table = cells(converted, size)
    table.loc[13, "is_mature"] = False
    kpis = definitions("proportion").head(1)
    assert alarms(table, kpis)["is_alarm"].tolist()[-2:] == [True, True], "the last mature week is the one before"
    table.loc[12, ["numerator", "denominator"]] = [0, 29]
    assert alarms(table, kpis)["is_alarm"].isna().all()


def test_later_weeks_move_no_earlier_alarm() -> None:
    series, kpis = quiet("rate", np.random.default_rng(9), 0.1)
    whole = alarms(series, kpis)
    cut = alarms(series[series["week"] < "2026-09-07"], kpis)
    pd.testing.assert_frame_equal(whole[whole["week"] < "2026-09-07"].reset_index(drop=True), cut)
