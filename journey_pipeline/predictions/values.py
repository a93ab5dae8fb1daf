"""Lifetime value: three models and a naive one, tested on what customers really spent, and the best of them.

Holds the backtest of values and their scores. Must not be here: the likelihoods (`clv`), tables (`cards`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.predictions import clv
from journey_pipeline.predictions.backtest import BASELINE, MODEL, ORIGINS, Paired, paired, population
from journey_pipeline.predictions.clv import HoldoutRatio, Terms, ValueModel
from journey_pipeline.predictions.learners import Design, fit_values
from journey_pipeline.predictions.likelihood import NotFitted
from journey_pipeline.predictions.targets import Target

Floats = NDArray[np.float64]

BG_NBD, MEAN = "bg_nbd", "bg_nbd_and_lightgbm"
# Days a value is tested on: a year where the history holds one, otherwise a quarter, which trees cannot make a year of.
TESTED_DAYS = (365, 90)
# Earlier tests of a total have to cover a year before it has an interval: what a quarter's season does to it is not
# known from other quarters.
_ROUND_DAYS = 360


@dataclass(frozen=True)
class ValueOrigin:
    """One test: what each model said of the customers who had bought by then, and what they spent."""

    days_back: int
    rows: pd.DataFrame
    actual: Floats
    values: Mapping[str, Floats]
    total: clv.Total
    ratio: HoldoutRatio


@dataclass(frozen=True)
class TrainedValue:
    """What scores lifetime value, and why. `name` is None where nothing may be published."""

    target: Target
    name: str | None
    reason: str | None
    model: ValueModel | None
    trees: tuple[Design, Any] | None
    terms: Terms
    origins: tuple[ValueOrigin, ...]
    paired: Paired | None
    gains: tuple[float, ...]
    rows: int
    events: int
    days_back: tuple[int, ...]
    total: clv.Total | None = None

    @property
    def is_baseline(self) -> bool:
        """The naive value scores."""
        return self.name == BASELINE


def histories(rows: pd.DataFrame) -> pd.DataFrame:
    """Customers as `clv` reads them, in the order given."""
    return pd.DataFrame(
        {
            "frequency": rows["order_days"].to_numpy(np.int64) - 1,
            "recency_days": (rows["first_order_days_ago"] - rows["last_order_days_ago"]).to_numpy(np.int64),
            "age_days": rows["first_order_days_ago"].to_numpy(np.int64),
            "mean_spend": np.maximum(rows["repeat_spend"].to_numpy(np.float64, na_value=np.nan), 0.0),
            "bucket": rows["bucket"].to_numpy(np.int64),
        },
        index=rows.index,
    )


def cells(customers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers counted by history, and repeat buyers by what they spend, for the two fits."""
    counted = customers.groupby(["frequency", "recency_days", "age_days", "bucket"], as_index=False).size()
    repeat = customers[customers["frequency"] > 0]
    spent = repeat.groupby(["frequency", "mean_spend", "bucket"], as_index=False).size()
    return counted.rename(columns={"size": "customers"}), spent.rename(columns={"size": "customers"})


def train(target: Target, rows: pd.DataFrame, now: pd.DataFrame, terms: Terms, min_events: int) -> TrainedValue:
    """Backtest the models of value, fit what may score. `rows` as in `backtest.train`, `now`: `histories` today."""
    members = population(target, rows)
    known = {d: (members["days_back"] % d == 0) & members[f"value_{d}"].notna() for d in TESTED_DAYS}
    days = next((d for d in TESTED_DAYS if known[d].any()), TESTED_DAYS[-1])
    tested = members[known[days]].reset_index(drop=True)
    steps = tuple(sorted(int(day) for day in tested["days_back"].unique()))
    repeat = int((now["frequency"] > 0).sum())

    def told(name: str | None, reason: str | None, **more: Any) -> TrainedValue:
        given = {"model": None, "trees": None, "origins": (), "paired": None, "gains": ()} | more
        return TrainedValue(
            target, name, reason, terms=terms, rows=len(tested), events=repeat, days_back=steps, **given
        )

    try:
        model = clv.fit_value_model(*cells(now), terms, min_events)
    except NotFitted as reason:
        return told(None, str(reason))
    origins, lacking = _origins(tested, steps, days, min_events)
    if not origins:
        return told(None, lacking or "the history is too short to test a value on what was spent later")
    name, both, gains = _best(origins, days)
    if origins[0].days_back == days:
        model = clv.rescaled(model, origins[0].ratio, [origin.ratio for origin in origins[:0:-1]])
    total = clv.total(model, [now]) if model.ratio is not None else None
    evidence = {"origins": origins, "paired": both, "gains": gains, "model": model, "total": total}
    if not (both.low > 0 and min(gains) > 0):
        return told(BASELINE, "better than the baseline by no more than chance, or not at every origin", **evidence)
    trees = fit_values(tested, tested[f"value_{days}"].to_numpy(np.float64)) if name in (MODEL, MEAN) else None
    return told(name, None, trees=trees, **evidence)


def _origins(
    rows: pd.DataFrame, steps: tuple[int, ...], days: int, min_events: int
) -> tuple[tuple[ValueOrigin, ...], str | None]:
    """The latest ORIGINS tests, and why the latest that could not be made was not."""
    tests: list[ValueOrigin] = []
    lacking: str | None = None
    ratios: list[HoldoutRatio] = []
    # From the oldest on: what came true at one origin rescales the next.
    for day in reversed(steps):
        at = rows[rows["days_back"] == day].reset_index(drop=True)
        customers, actual = histories(at), at[f"value_{days}"].to_numpy(np.float64)
        try:
            plain = clv.fit_value_model(*cells(customers), Terms(1.0, 0.0, days / 7), min_events)  # type: ignore[arg-type]
        except NotFitted as reason:
            lacking = f"not tested on what was spent later: {reason}"
            continue
        model = clv.rescaled(plain, ratios[-1], ratios[:-1]) if ratios else plain
        is_tested = len(ratios) * days >= _ROUND_DAYS
        ratios.append(clv.holdout_ratio(plain, [customers.assign(actual_spend=actual)], days / 7))
        if day not in steps[:ORIGINS]:
            continue
        said = {BG_NBD: clv.score(model, customers)["clv"].to_numpy(), BASELINE: naive(at, days)}
        before = rows[rows["days_back"] > day]
        if len(before):
            design, booster = fit_values(before, before[f"value_{days}"].to_numpy(np.float64))
            said[MODEL] = booster.predict(design.matrix(at), num_threads=1)
            said[MEAN] = (said[MODEL] + said[BG_NBD]) / 2
        total = clv.total(model, [customers])
        if not is_tested:
            total = total._replace(low=float("nan"), high=float("nan"))
        tests.append(ValueOrigin(day, at[["customer_id", "bucket"]], actual, said, total, ratios[-1]))
    return tuple(tests[::-1]), lacking


def naive(rows: pd.DataFrame, days: float) -> Floats:
    """Repeat purchases a day so far, times the mean order so far, times days."""
    a_day = (rows["order_days"].to_numpy(np.float64) - 1) / rows["first_order_days_ago"].to_numpy(np.float64)
    return np.asarray(np.maximum(a_day * rows["order_value"].to_numpy(np.float64) * days, 0.0))


def _best(origins: tuple[ValueOrigin, ...], days: int) -> tuple[str, Paired, tuple[float, ...]]:
    """The model with the least squared error over all origins, and its gain over the naive one."""
    names = (BG_NBD, MODEL, MEAN) if days == TESTED_DAYS[0] else (BG_NBD,)
    usable = [name for name in names if all(name in origin.values for origin in origins)]
    bucket = np.concatenate([origin.rows["bucket"].to_numpy(np.int64) for origin in origins])

    def losses(name: str) -> list[Floats]:
        return [np.square(origin.values[name] - origin.actual) for origin in origins]

    name = min(usable, key=lambda each: float(np.concatenate(losses(each)).sum()))
    model, baseline = losses(name), losses(BASELINE)
    both = paired(np.concatenate(model), np.concatenate(baseline), bucket)
    return name, both, tuple(float((b - m).mean()) for b, m in zip(baseline, model, strict=True))


def scored(trained: TrainedValue, rows: pd.DataFrame) -> pd.DataFrame:
    """value, low, high of customers who bought: what one customer will bring, with 95 %."""
    weeks = np.arange(1, trained.terms.horizon_weeks + 1)
    kept = trained.terms.margin * float(np.mean((1 + trained.terms.discount) ** (-weeks / 52)))
    if trained.is_baseline or trained.model is None:
        return pd.DataFrame({"value": naive(rows, 365) * kept, "low": np.nan, "high": np.nan}, index=rows.index)
    told = clv.score(trained.model, histories(rows))
    value = told["clv"].to_numpy()
    if trained.trees is not None:
        design, booster = trained.trees
        learnt = booster.predict(design.matrix(rows), num_threads=1) * kept
        value = learnt if trained.name == MODEL else (learnt + value) / 2
    # The interval is that of the orders' chance; around another middle it keeps its proportions.
    scale = value / np.maximum(told["clv"].to_numpy(), 1e-9)
    return pd.DataFrame(
        {"value": value, "low": told["clv_low"].to_numpy() * scale, "high": told["clv_high"].to_numpy() * scale},
        index=rows.index,
    )
