"""Make probabilities mean what they say: fitted on one set of customers, applied to another.

Holds isotonic regression (many events) and Platt's line (few).
Must not be here: how well calibrated a score is (`quality`), any I/O.

Sources: Platt 1999; Zadrozny and Elkan 2002; Niculescu-Mizil and Caruana 2005 for when isotonic needs too much data.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit

from journey_pipeline.conversion import Floats
from journey_pipeline.predictions.likelihood import NotFitted
from journey_pipeline.predictions.quality import log_odds, logistic_line

ISOTONIC_EVENTS = 1_000
MIN_EVENTS = 10


@dataclass(frozen=True)
class Calibration:
    """A map of probabilities that never turns two of them round."""

    method: str  # isotonic or platt
    knots: Floats  # isotonic: scores and the rates there, between them a straight line; platt: slope and intercept

    def apply(self, p: Floats) -> Floats:
        """The calibrated probabilities."""
        if self.method == "isotonic":
            return np.asarray(np.interp(np.asarray(p, float), self.knots[0], self.knots[1]))
        return np.asarray(expit(self.knots[0] * log_odds(p) + self.knots[1]))


def fit_calibration(p: Floats, y: Floats) -> Calibration:
    """Isotonic from 1,000 events and as many others on, below that a line on the log-odds.

    Give it other customers (or an earlier time) than the model was fitted on. Raises NotFitted below ten of either.
    """
    chance, came = np.asarray(p, float), np.asarray(y, float)
    fewer = int(min(came.sum(), (1 - came).sum()))
    if fewer < MIN_EVENTS:
        raise NotFitted(f"{fewer} events or others to calibrate on, at least {MIN_EVENTS} are needed")
    return _isotonic(chance, came) if fewer >= ISOTONIC_EVENTS else _platt(chance, came)


def _platt(p: Floats, y: Floats) -> Calibration:
    """Targets are drawn in by one customer on either side, as Platt has it: no line is ever infinitely steep."""
    odds, events, others = log_odds(p), y.sum(), (1 - y).sum()
    if np.ptp(odds) == 0:
        return Calibration("platt", np.array([0.0, np.log(events / others)]))
    slope, intercept = logistic_line(odds, np.where(y == 1, (events + 1) / (events + 2), 1 / (others + 2)))
    if slope <= 0:  # the score says the opposite of what came true: nothing is left of it but the base rate
        return Calibration("platt", np.array([0.0, np.log(events / others)]))
    return Calibration("platt", np.array([slope, intercept]))


def _isotonic(p: Floats, y: Floats) -> Calibration:
    scores, of_row = np.unique(p, return_inverse=True)
    n, events = np.bincount(of_row).astype(float), np.bincount(of_row, y)
    blocks = isotonic_regression(events / n, weights=n).blocks
    n, events, weight = (np.add.reduceat(values, blocks[:-1]) for values in (n, events, n * scores))
    # A block of which nobody did would promise that nobody ever will: each gets one more customer, of the base rate.
    rate = (events + y.mean()) / (n + 1)
    return Calibration("isotonic", np.array([weight / n, isotonic_regression(rate, weights=n + 1).x]))
