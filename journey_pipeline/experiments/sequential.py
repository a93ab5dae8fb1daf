"""An experiment read while it runs: a p-value and an interval that hold at every look, however often one looks.

Holds the mixture sequential probability ratio test (Johari, Pekelis, Walsh 2015, "Always valid inference") and the
confidence sequence that belongs to it. Must not be here: sums of arms (`effects`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def likelihood_ratio(difference: ArrayLike, variance: ArrayLike, tau: float) -> Floats:
    """Of a true difference drawn from Normal(0, tau^2) against none, given the difference seen and its variance."""
    d, v = np.asarray(difference, np.float64), np.asarray(variance, np.float64)
    return np.asarray(np.sqrt(v / (v + tau**2)) * np.exp(tau**2 * d**2 / (2 * v * (v + tau**2))))


def always_valid_p(ratios: ArrayLike) -> Floats:
    """The smallest 1 / ratio so far, at most 1; shape (looks,). A look without a ratio changes nothing."""
    inverse = 1 / np.asarray(ratios, np.float64)
    return np.minimum.accumulate(np.fmin(np.where(np.isnan(inverse), 1.0, inverse), 1.0))


def half_width(variance: ArrayLike, tau: float, alpha: float) -> Floats:
    """Half the width of the confidence sequence around the difference; it covers the truth at all looks at once."""
    v = np.asarray(variance, np.float64)
    spread = 2 * v * (v + tau**2) / tau**2
    return np.asarray(np.sqrt(spread * (np.log(1 / alpha) + 0.5 * np.log((v + tau**2) / v))))
