"""Gradient-boosted trees with their calibration, one shape for every kind of target: shares of outcomes.

Holds fitting and predicting. Add here: another learner. Must not be here: which rows (`backtest`), which features
(`targets`).

Trees are LightGBM (Ke et al. 2017), one thread: two give the same bits, on idle cores in two thirds of the time, and
keep both cores of a busy machine spinning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from journey_pipeline.predictions import season
from journey_pipeline.predictions.calibration import Calibration, fit_calibration
from journey_pipeline.predictions.quality import log_odds
from journey_pipeline.predictions.targets import Target, feature_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Small trees that see a third of the features each: on later anchors of two markets with a thousand purchases, trees of
# 15 leaves that see all of them gained a third less over the baseline.
_TREES = 100
_PARAMETERS = {
    "learning_rate": 0.04,
    "num_leaves": 7,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.3,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 20240101,
    "verbose": -1,
}


@dataclass(frozen=True)
class Design:
    """Columns of the matrix, and the codes of each declared attribute."""

    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    def matrix(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """Shape (rows, names); what is missing stays missing, a level nobody had before too."""
        filled = np.empty((len(rows), len(self.names)), np.float32)
        for place, name in enumerate(self.names):
            if name in self.levels:
                codes = pd.Categorical(rows[name], categories=list(self.levels[name])).codes.astype(np.float32)
                filled[:, place] = np.where(codes < 0, np.nan, codes)
            else:
                filled[:, place] = rows[name].to_numpy(np.float32, na_value=np.nan)
        return filled


def design(rows: pd.DataFrame) -> Design:
    """The matrix of a fit, from the rows it learns from."""
    names = feature_names(list(rows.columns))
    given = [name for name in names if name in rows and not pd.api.types.is_numeric_dtype(rows[name])]
    return Design(tuple(names), {name: tuple(sorted(rows[name].dropna().unique())) for name in given})


@dataclass(frozen=True)
class Trees:
    """Calibrated trees of one target. `bins` outcomes of `time` come from hazards by the number of the bin. `shifts`:
    one of each calibration, none where no year before is known."""

    target: Target
    design: Design
    booster: Any
    calibrations: tuple[Calibration, ...]
    shifts: tuple[season.Shift, ...] = ()

    def probabilities(self, rows: pd.DataFrame) -> Floats:
        """Shares of the target's outcomes, shape (rows, outcomes)."""
        said = self._said(rows)
        if self.shifts:
            said = expit(log_odds(said) + np.array([each.applied for each in self.shifts]))
        return _shares(self.target, said)

    def seasoned(self, later: tuple[pd.DataFrame, Ints], earlier: tuple[pd.DataFrame, Ints]) -> Trees:
        """The same trees, shifted by how far two windows of a year before lay apart: rows and what came of them."""
        asked = [
            [
                season.Asked(said[alive, place], came, rows["bucket"].to_numpy(np.int64)[alive])
                for place, (alive, came) in enumerate(_questions(self.target, labels))
            ]
            for rows, labels in (later, earlier)
            for said in (self._said(rows),)
        ]
        return replace(self, shifts=tuple(season.shift(*both) for both in zip(*asked, strict=True)))

    def _said(self, rows: pd.DataFrame) -> Floats:
        return _calibrated(_raw(self.target, self.booster, self.design.matrix(rows)), self.calibrations)

    def top_features(self, count: int) -> list[str]:
        """The features that reduce the loss most."""
        gain = self.booster.feature_importance("gain")[: len(self.design.names)]
        return [self.design.names[place] for place in np.argsort(-gain, kind="stable")[:count]]


def fit_trees(target: Target, rows: pd.DataFrame, labels: Ints, held_out: pd.DataFrame, held_labels: Ints) -> Trees:
    """Fit on some rows, calibrate on later ones. Raises NotFitted when these are too few."""
    shape = design(rows)
    booster = _boosted(target, shape.matrix(rows), labels)
    raw = _raw(target, booster, shape.matrix(held_out))
    return Trees(target, shape, booster, _calibrations(target, raw, held_labels))


def fit_values(rows: pd.DataFrame, values: Floats) -> tuple[Design, Any]:
    """Trees for money: a Tweedie deviance, for many customers spend nothing and some a lot."""
    shape = design(rows)
    return shape, _train(shape.matrix(rows), np.maximum(values, 0), objective="tweedie", tweedie_variance_power=1.3)


def _train(matrix: NDArray[np.float32], labels: Floats | Ints, **parameters: Any) -> Any:
    import lightgbm

    return lightgbm.train(
        {**_PARAMETERS, **parameters}, lightgbm.Dataset(matrix, labels, free_raw_data=True), num_boost_round=_TREES
    )


def _boosted(target: Target, matrix: NDArray[np.float32], labels: Ints) -> Any:
    if target.kind == "binary":
        return _train(matrix, labels, objective="binary")
    if target.kind == "classes":
        return _train(matrix, labels, objective="multiclass", num_class=len(target.outcomes))
    rows, numbers, ends = person_bins(labels, len(target.outcomes) - 1)
    return _train(np.column_stack([matrix[rows], numbers.astype(np.float32)]), ends, objective="binary")


def person_bins(labels: Ints, bins: int) -> tuple[Ints, Ints, Ints]:
    """Every bin a row lives through: its row, the number of the bin, and whether it ends there."""
    lived = np.minimum(labels + 1, bins)
    rows = np.repeat(np.arange(len(labels)), lived)
    numbers = np.arange(len(rows)) - np.repeat(np.cumsum(lived) - lived, lived)
    return rows, numbers, (numbers == labels[rows]).astype(np.int64)


def _raw(target: Target, booster: Any, matrix: NDArray[np.float32]) -> Floats:
    """What the trees say, shape (rows, columns): of yes, of each outcome, or of ending in each bin."""
    if target.kind == "binary":
        return np.asarray(booster.predict(matrix, num_threads=1))[:, None]
    if target.kind == "classes":
        return np.asarray(booster.predict(matrix, num_threads=1))
    columns = [
        booster.predict(np.column_stack([matrix, np.full(len(matrix), number, np.float32)]), num_threads=1)
        for number in range(len(target.outcomes) - 1)
    ]
    return np.column_stack(columns)


def _questions(target: Target, labels: Ints) -> list[tuple[NDArray[np.bool_], Floats]]:
    """Of each column of `_raw`: the rows it is asked of, and what came of them. Of a bin, who has lived up to it."""
    everybody = np.ones(len(labels), bool)
    if target.kind == "binary":
        return [(everybody, labels.astype(np.float64))]
    if target.kind == "classes":
        return [(everybody, (labels == k).astype(np.float64)) for k in range(len(target.outcomes))]
    return [(labels >= k, (labels[labels >= k] == k).astype(np.float64)) for k in range(len(target.outcomes) - 1)]


def _calibrations(target: Target, raw: Floats, labels: Ints) -> tuple[Calibration, ...]:
    asked = _questions(target, labels)
    return tuple(fit_calibration(raw[alive, place], came) for place, (alive, came) in enumerate(asked))


def _calibrated(raw: Floats, calibrations: Sequence[Calibration]) -> Floats:
    # Off 0 and 1: an isotonic step may say never, and one who does it all the same would cost an infinite loss.
    said = np.column_stack([each.apply(raw[:, place]) for place, each in enumerate(calibrations)])
    return np.clip(said, 1e-5, 1 - 1e-5)


def _shares(target: Target, said: Floats) -> Floats:
    if target.kind == "binary":
        return np.column_stack([1 - said[:, 0], said[:, 0]])
    if target.kind == "classes":
        return np.asarray(said / said.sum(1, keepdims=True))
    survived = np.cumprod(1 - said, axis=1)
    before = np.column_stack([np.ones(len(said)), survived[:, :-1]])
    return np.column_stack([before * said, survived[:, -1]])
