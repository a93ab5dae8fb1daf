"""Who gains most from an action: a score per person learnt from an experiment, held to the order it promises. Pure.

Holds the Qini curve (Radcliffe 2007, "Using control groups to target on predicted lift") with its jackknife, and the
T-learner: one model of the outcome with the action and one without, the score being their difference. Only what was
drawn by lot teaches anything here. Must not be here: reading features (`defs/uplift.py`), effects of all together
(`effects`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.conversion import Z95
from journey_pipeline.experiments.sums import records
from journey_pipeline.predictions.learners import Design, design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUCKETS = 20
FOLDS = 5
# Fewer outcomes than this in an arm teach no trees.
LEAST_EVENTS = 100
UPLIFT_KEY = ["experiment_id", "metric", "variant"]


class NotRandomised(ValueError):
    """An experiment that teaches no uplift; the text says why."""


@dataclass(frozen=True)
class Qini:
    """The area under the curve, under a random order, and between the two."""

    area: float
    random_area: float

    @property
    def coefficient(self) -> float:
        """Above 0 when the order puts those first who gain."""
        return self.area - self.random_area


def qini_curve(score: Floats, treated: Ints, outcome: Floats) -> Floats:
    """Q(k) = Y_t - Y_c N_t / N_c among the k people of the highest scores; shape (people,).

    People of one score stand in one step, in the mean of all their orders: Q is told at the end of a step and goes
    straight to it. While nobody without the action is among them the second term is 0.
    """
    order = np.argsort(-score, kind="stable")
    t, y = treated[order].astype(np.float64), outcome[order].astype(np.float64)
    n_t, n_c = np.cumsum(t), np.cumsum(1 - t)
    gains = np.cumsum(y * t) - np.divide(np.cumsum(y * (1 - t)) * n_t, n_c, out=np.zeros(len(t)), where=n_c > 0)
    last = np.append(np.flatnonzero(np.diff(score[order])), len(t) - 1)
    steps = np.append(0, last + 1), np.append(0.0, gains[last])
    return np.asarray(np.interp(np.arange(1, len(t) + 1), *steps), np.float64)


def qini(score: Floats, treated: Ints, outcome: Floats) -> Qini:
    """Areas per person, by the trapezoid rule from no people to all of them."""
    curve = np.append(0.0, qini_curve(score, treated, outcome))
    return Qini(float(np.trapezoid(curve, dx=1 / len(score))), float(curve[-1] / 2))


def jackknife(score: Floats, treated: Ints, outcome: Floats, bucket: Ints) -> tuple[float, float]:
    """95 % interval of the Qini coefficient, leaving out one of BUCKETS groups of people at a time.

    A coefficient is a total over people, so that of nineteen groups is scaled to twenty.
    """
    left_out = np.array(
        [qini(score[mine], treated[mine], outcome[mine]).coefficient for mine in (bucket != b for b in range(BUCKETS))]
    ) * (BUCKETS / (BUCKETS - 1))
    error = np.sqrt((BUCKETS - 1) / BUCKETS * ((left_out - left_out.mean()) ** 2).sum())
    coefficient = qini(score, treated, outcome).coefficient
    return float(coefficient - Z95 * error), float(coefficient + Z95 * error)


@dataclass(frozen=True)
class TLearner:
    """Two models of one outcome, with the action and without."""

    design: Design
    treated: Any
    untreated: Any

    def uplift(self, rows: pd.DataFrame) -> Floats:
        """What the action is expected to add to each person's outcome; shape (rows,)."""
        matrix = self.design.matrix(rows)
        return np.asarray(self.treated.predict(matrix, num_threads=1) - self.untreated.predict(matrix, num_threads=1))


def fit(rows: pd.DataFrame) -> TLearner:
    """Learn from people of an experiment: the features, `is_treated` and `outcome` (0 or 1)."""
    shape = design(rows)
    treated = rows["is_treated"].to_numpy(bool)
    return TLearner(shape, _trees(shape, rows[treated]), _trees(shape, rows[~treated]))


def _trees(shape: Design, rows: pd.DataFrame) -> Any:
    import lightgbm

    # The difference of two models is noisier than either: fewer, smaller trees than those of the predictions.
    parameters = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 4, "min_data_in_leaf": 100, "lambda_l2": 5.0,
        "deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": 20240101, "verbose": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(shape.matrix(rows), rows["outcome"].to_numpy(), free_raw_data=True)
    return lightgbm.train(parameters, data, num_boost_round=50)


def require_lot(experiment: pd.DataFrame) -> None:
    """Raise NotRandomised when the rows of `experiments` for one variant do not stand on a lot drawn as planned."""
    for row in records(experiment):
        if row["verdict"] in ("not_randomised", "invalid_sample_ratio"):
            raise NotRandomised(
                f"experiment {row['experiment_id']}: expected people drawn by lot in the planned shares, found verdict "
                f"{row['verdict']}; what a score learnt from them would be a difference between people, not an effect"
            )


def quality(rows: pd.DataFrame, experiment: pd.DataFrame) -> dict[str, Any]:
    """One row of the released table `uplift_quality`, from people of one experiment, metric and variant.

    `rows` has features, `bucket`, `is_treated` and `outcome`; everybody is scored by models that have not seen their
    fifth of the people. `is_released` only when the lower end of the Qini interval is above 0.
    """
    require_lot(experiment)
    treated = rows["is_treated"].to_numpy(np.int64)
    outcome = rows["outcome"].to_numpy(np.float64)
    events = [int(outcome[treated == arm].sum()) for arm in (0, 1)]
    told: dict[str, Any] = {
        "people": len(rows), "events": sum(events), "qini": np.nan, "qini_low": np.nan, "qini_high": np.nan,
        "is_released": False,
    }  # fmt: skip
    if min(events) < LEAST_EVENTS:
        few = f"{min(events)} outcomes in an arm among people with features are fewer than {LEAST_EVENTS}"
        return told | {"reason": few}
    bucket = rows["bucket"].to_numpy(np.int64) % BUCKETS
    score = np.empty(len(rows))
    for fold in range(FOLDS):
        held_out = bucket % FOLDS == fold
        score[held_out] = fit(rows[~held_out]).uplift(rows[held_out])
    low, high = jackknife(score, treated, outcome, bucket)
    told |= {"qini": qini(score, treated, outcome).coefficient, "qini_low": low, "qini_high": high}
    released = low > 0
    reason = None if released else "the order of the scores is not certain to put those first who gain more"
    return told | {"is_released": released, "reason": reason}
