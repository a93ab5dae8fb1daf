"""The level of a season: how far two windows lay apart a year before, beyond what the features tell.

Holds the shift of a model's log-odds and its shrinkage. Must not be here: which windows (`backtest`), learners.

A level is learnt in one season and promised for the next. Where the same two windows were seen a year before, the model
is asked about both of them: what it has to be shifted by to be right in the later one, less what in the earlier, is the
season. The difference takes out what was otherwise then (a smaller market, other prices), and the model takes out who
the customers were. One year is no proof that a season comes again: the shift is drawn to none by the positive part of
Stein's rule (James and Stein 1961), so that what chance can do alone moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from journey_pipeline.attribution.intervals import replicated_error
from journey_pipeline.conversion import Bools, Floats
from journey_pipeline.predictions.likelihood import GROUPS
from journey_pipeline.predictions.quality import log_odds

YEAR_DAYS = 364  # whole weeks, so that every day of the week is as often in both windows
_Z = 1.959963984540054
_STEPS = 50


class Asked(NamedTuple):
    """What was said of one outcome in one window, what came, and the bucket of each customer."""

    said: Floats
    came: Floats
    bucket: np.ndarray


@dataclass(frozen=True)
class Shift:
    """One outcome's shift on the log-odds with its 95 % interval, and what is left of it after shrinkage."""

    found: float
    low: float
    high: float
    applied: float


def shift(later: Asked, earlier: Asked) -> Shift:
    """How far `later` lies above `earlier` on the log-odds of what a model says; error by the jackknife over buckets.

    Nothing is found where a window has no event, or nothing else, even without one bucket.
    """
    levels = _levels(later) - _levels(earlier)
    if not np.isfinite(levels).all():
        return Shift(np.nan, np.nan, np.nan, 0.0)
    found, error = float(levels[0]), float(replicated_error(levels[1:], of_total=False))
    kept = max(0.0, 1 - (error / found) ** 2) if found else 0.0
    return Shift(found, found - _Z * error, found + _Z * error, found * kept)


def _levels(asked: Asked) -> Floats:
    """What has to be added to the log-odds for chances to add up to the events: of all, then without each bucket."""
    odds = log_odds(asked.said)
    inside: list[Bools] = [np.ones(len(odds), bool), *(asked.bucket != group for group in range(GROUPS))]
    return np.array([_level(odds[rows], asked.came[rows]) for rows in inside])


def _level(odds: Floats, came: Floats) -> float:
    if not 0 < came.sum() < len(came):
        return np.nan
    level = 0.0
    for _ in range(_STEPS):
        chance = expit(odds + level)
        step = (came.sum() - chance.sum()) / (chance * (1 - chance)).sum()
        level += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return level
