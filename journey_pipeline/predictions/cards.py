"""The track record of each target as tables: quality row by row, and one model card per target.

Holds what is published of a backtest. Add here: a metric. Must not be here: any I/O, what decides a release
(`backtest`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.predictions import quality
from journey_pipeline.predictions.backtest import BASELINE, MODEL, Origin, Trained, log_losses
from journey_pipeline.predictions.season import Shift
from journey_pipeline.predictions.targets import TIME_BINS, Target, feature_names
from journey_pipeline.predictions.values import BG_NBD, TrainedValue

Floats = NDArray[np.float64]
Row = dict[str, Any]

TYPES: Mapping[str, Mapping[str, str]] = {
    "prediction_scores": {
        "customer_id": "varchar", "target": "varchar", "outcome": "varchar", "value": "double", "low": "double",
        "high": "double", "reason": "varchar",
    },
    "prediction_quality": {
        "target": "varchar", "origin_date": "date", "model": "varchar", "metric": "varchar", "member": "varchar",
        "bin": "integer", "value": "double", "low": "double", "high": "double", "customers": "bigint",
        "events": "bigint",
    },
    "prediction_models": {
        "target": "varchar", "model": "varchar", "is_baseline": "boolean", "is_released": "boolean",
        "reason": "varchar", "definition": "varchar", "population": "varchar", "label_days": "integer",
        "features": "varchar", "baseline": "varchar", "trained_from": "date", "trained_until": "date",
        "training_rows": "bigint", "events": "bigint", "origins": "integer", "gain": "double", "gain_low": "double",
        "gain_high": "double", "worst_skill": "double", "worst_gain": "double", "season": "varchar",
        "scores_from": "date", "candidate_id": "varchar", "not_for": "varchar",
    },
}  # fmt: skip
_TOP_FEATURES = 5
# Of a ranking, not of an action.
_NAMES = {"lift_top10": "rate_ratio_top10"}
_DECILES = {
    "decile_predicted": "mean_probability",
    "decile_observed": "event_rate",
    "decile_error": "error",
    "decile_rate_ratio": "rate_ratio",
}


def views(target: Target, shares: Floats, found: NDArray[np.int64]) -> Iterator[tuple[str, Floats, Floats]]:
    """Each yes-or-no question a target answers: its name, the probability said, and what came."""
    if target.kind == "binary":
        yield "yes", shares[:, 1], found.astype(np.float64)
    elif target.kind == "classes":
        for place, outcome in enumerate(target.outcomes):
            yield outcome, shares[:, place], (found == place).astype(np.float64)
    else:
        for place, edge in enumerate(TIME_BINS):
            yield f"within_{edge}", shares[:, : place + 1].sum(1), (found <= place).astype(np.float64)


def quality_rows(trained: Trained, as_of: date) -> list[Row]:
    """Every metric of every origin, model and baseline side by side; calibration and deciles of the latest origin."""
    rows: list[Row] = []
    for origin in trained.origins:
        for model, shares in origin.shares.items():
            rows += _origin_rows(trained.target, origin, model, shares, as_of)
    if trained.origins:
        latest = min(trained.origins, key=lambda origin: origin.days_back)
        for model, shares in latest.shares.items():
            rows += _tables_of(trained.target, latest, model, shares, as_of)
    if trained.paired is not None:
        both = trained.paired
        tested = sum(len(origin.labels) for origin in trained.origins)
        rows.append(_row(trained.target.name, None, MODEL, "gain_over_baseline", None, None, both.difference,
                         both.low, both.high, tested))  # fmt: skip
    if trained.trees is not None:
        rows += _season_rows(trained.target, trained.trees.shifts, as_of)
    return rows


def _season_rows(target: Target, shifts: Sequence[Shift], at: date) -> Iterator[Row]:
    """How far the same windows lay apart a year before, on the log-odds, and what of it moves the level."""
    members = target.outcomes[1:] if target.kind == "binary" else target.outcomes
    for member, shift in zip(members, shifts, strict=False):  # of a time, the last outcome is what is left
        yield _row(target.name, at, MODEL, "season_found", member, None, shift.found, shift.low, shift.high)
        yield _row(target.name, at, MODEL, "season_applied", member, None, shift.applied)


def _season(trained: Trained) -> str | None:
    if trained.model is None:
        return None
    if trained.trees is None:
        return "none: the rate of what came last is the level"
    if not trained.trees.shifts:
        return "none: no year before is known, and a level learnt in one season is promised for the next"
    return "level moved by how far the same windows of a year before lay apart"


def _row(target: str, origin: date | None, model: str, metric: str, member: str | None, number: int | None,
         value: float, low: float | None = None, high: float | None = None, customers: int | None = None,
         events: int | None = None) -> Row:  # fmt: skip
    return dict(zip(TYPES["prediction_quality"], (target, origin, model, metric, member, number, value, low, high,
                                                  customers, events), strict=True))  # fmt: skip


def _origin_rows(target: Target, origin: Origin, model: str, shares: Floats, as_of: date) -> Iterator[Row]:
    at = as_of - timedelta(origin.days_back)
    rows = len(origin.labels)
    yield _row(target.name, at, model, "log_loss_of_outcomes", None, None,
               float(log_losses(shares, origin.labels).mean()), customers=rows)  # fmt: skip
    if model == MODEL:
        yield from _season_rows(target, origin.shifts, at)
        yield _row(target.name, at, model, "gain_over_baseline", None, None, origin.paired.difference,
                   origin.paired.low, origin.paired.high, rows)  # fmt: skip
    keys = origin.rows["customer_id"].to_numpy()
    for member, said, came in views(target, shares, origin.labels):
        for metric, value in quality.metrics(said, came, keys).items():
            if metric != "n":
                yield _row(target.name, at, model, _NAMES.get(metric, metric), member, None, float(value), None, None,
                           rows, int(came.sum()))  # fmt: skip


def _tables_of(target: Target, origin: Origin, model: str, shares: Floats, as_of: date) -> Iterator[Row]:
    at = as_of - timedelta(origin.days_back)
    keys = origin.rows["customer_id"].to_numpy()
    for member, said, came in views(target, shares, origin.labels):
        for place, one in enumerate(quality.calibration_table(said, came).to_dict("records")):
            shown = {"customers": int(one["n"]), "events": int(one["events"])}
            yield _row(target.name, at, model, "calibration_predicted", member, place, one["mean_probability"], **shown)
            yield _row(target.name, at, model, "calibration_observed", member, place, one["event_rate"], one["ci_low"],
                       one["ci_high"], **shown)  # fmt: skip
        for one in quality.decile_table(said, came, keys).to_dict("records"):
            shown = {"customers": int(one["n"]), "events": int(one["events"])}
            for metric, column in _DECILES.items():
                yield _row(target.name, at, model, metric, member, int(one["decile"]), one[column], **shown)


def drift_rows(trained: Trained, before: pd.DataFrame, now: pd.DataFrame, as_of: date) -> list[Row]:
    """How far score and most telling features have moved since the latest anchor that taught: population stability."""
    target = trained.target
    if trained.model is None or trained.name is None or not len(before) or not len(now):
        return []
    place = 1 if target.kind == "binary" else 0
    told = [("psi_score", target.outcomes[place], trained.model.probabilities(before)[:, place],
             trained.model.probabilities(now)[:, place])]  # fmt: skip
    for name in trained.trees.top_features(_TOP_FEATURES) if trained.trees else []:
        if pd.api.types.is_numeric_dtype(before[name]):
            told.append(("psi_feature", name, before[name].to_numpy(np.float64, na_value=np.nan),
                         now[name].to_numpy(np.float64, na_value=np.nan)))  # fmt: skip
    return [
        _row(target.name, as_of, trained.name, metric, member, None, quality.drift(then, today), customers=len(now))
        for metric, member, then, today in told
    ]


def card(trained: Trained, columns: Sequence[str], as_of: date, candidate_id: str) -> Row:
    """One row: what the target is, what scores it, on what evidence, and what it must not be used for."""
    target, steps = trained.target, trained.days_back
    both, origins = trained.paired, trained.origins
    return {
        "target": target.name,
        "model": trained.name,
        "is_baseline": trained.name == BASELINE,
        "is_released": trained.model is not None,
        "reason": trained.reason,
        "definition": target.definition,
        "population": target.population_words,
        "label_days": target.horizon,
        "features": ", ".join(feature_names(list(columns))),
        "baseline": target.baseline.words,
        "trained_from": as_of - timedelta(max(steps)) if steps else None,
        "trained_until": as_of - timedelta(min(steps)) if steps else None,
        "training_rows": trained.rows,
        "events": trained.events,
        "origins": len(origins),
        "gain": both.difference if both else None,
        "gain_low": both.low if both else None,
        "gain_high": both.high if both else None,
        "worst_skill": min((origin.skill for origin in origins), default=None),
        "worst_gain": min((origin.paired.difference for origin in origins), default=None),
        "season": _season(trained),
        "scores_from": as_of if trained.model is not None else None,
        "candidate_id": candidate_id,
        "not_for": target.not_for,
    }


def combined(name: str, rows: Sequence[Row]) -> pd.DataFrame:
    """A table with every column of TYPES, also where there is no row."""
    return pd.DataFrame(list(rows), columns=list(TYPES[name]))


# --- lifetime value ---------------------------------------------------------------------------------------------------


def value_rows(trained: TrainedValue, as_of: date) -> list[Row]:
    """As quality_rows, of money: errors by model and origin, totals with what came, error by decile."""
    name, rows = trained.target.name, []
    for origin in trained.origins:
        at, many = as_of - timedelta(origin.days_back), len(origin.actual)
        for model, said in origin.values.items():
            for metric, value in quality.value_errors(said, origin.actual).items():
                if metric != "n":
                    rows.append(_row(name, at, model, metric, None, None, float(value), customers=many))
        total = origin.total
        rows.append(_row(name, at, BG_NBD, "total", None, None, total.value, total.low, total.high, many))
        rows.append(_row(name, at, BG_NBD, "total_actual", None, None, float(origin.actual.sum()), customers=many))
    if trained.total is not None:
        told = trained.total
        rows.append(_row(name, as_of, BG_NBD, "total", None, None, told.value, told.low, told.high, told.customers))
    if trained.origins:
        latest = trained.origins[0]
        at = as_of - timedelta(latest.days_back)
        for model, said in latest.values.items():
            keys = latest.rows["customer_id"].to_numpy()
            for one in quality.value_deciles(said, latest.actual, keys).to_dict("records"):
                rows.append(_row(name, at, model, "decile_error", None, int(one["decile"]), one["error"],
                                 customers=int(one["n"])))  # fmt: skip
    if trained.paired is not None:
        both = trained.paired
        tested = sum(len(origin.actual) for origin in trained.origins)
        rows.append(_row(name, None, trained.name or BASELINE, "gain_over_baseline", None, None, both.difference,
                         both.low, both.high, tested))  # fmt: skip
    return rows


def value_card(trained: TrainedValue, columns: Sequence[str], as_of: date, candidate_id: str) -> Row:
    """As card; the gain is in squared money."""
    uses_trees = trained.trees is not None
    words = "Purchases of each customer so far: how many, first, last, and what was spent on those after the first."
    steps, both = trained.days_back, trained.paired
    return {
        "target": trained.target.name,
        "model": trained.name,
        "is_baseline": trained.is_baseline,
        "is_released": trained.name is not None,
        "reason": _value_reason(trained),
        "definition": trained.target.definition,
        "population": trained.target.population_words,
        "label_days": min(steps) if steps else trained.target.horizon,
        "features": ", ".join(feature_names(list(columns))) if uses_trees else words,
        "baseline": trained.target.baseline.words,
        "trained_from": as_of - timedelta(max(steps)) if steps else None,
        "trained_until": as_of,
        "training_rows": trained.rows,
        "events": trained.events,
        "origins": len(trained.origins),
        "gain": both.difference if both else None,
        "gain_low": both.low if both else None,
        "gain_high": both.high if both else None,
        "worst_skill": None,
        "worst_gain": min(trained.gains, default=None),
        "season": _value_season(trained),
        "scores_from": as_of if trained.name is not None else None,
        "candidate_id": candidate_id,
        "not_for": trained.target.not_for,
    }


def _value_season(trained: TrainedValue) -> str | None:
    if trained.name is None:
        return None
    if trained.origins and trained.origins[0].days_back < trained.target.horizon:
        return "not known: a year is promised by what a quarter held"
    return "none: a year holds every season once"


def _value_reason(trained: TrainedValue) -> str | None:
    told = [trained.reason] if trained.reason else []
    if trained.origins and trained.origins[0].days_back < trained.target.horizon:
        told.append(f"tested on {trained.origins[0].days_back} days only: the history holds no year")
    if trained.model is not None:
        told += trained.model.warnings
    return "; ".join(told) or None
