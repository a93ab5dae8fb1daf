"""The hazard model: how the daily chance to convert rises with what a customer was shown and clicked.

Holds: the logistic fit with coefficients of one sign, its delete-a-group replicates, the closed-form credit.
Add here: a change to the fit or to the closed form. Must not be here: which columns a model has
(`hazard_design`), roles (`roles`), experiments (`calibration`), any I/O.

A day's hazard is h0 exp(sum over channels x_c), x_c = sum over half-lives beta (1 - exp(-stock)), where a stock is
the sum of 2^(-age / half-life) over earlier touches. The share of channel c in a conversion is the Aumann-Shapley
value of that hazard, x_c / X (1 - exp(-X)); exp(-X) is the baseline, what the model expects without any touch.
Sources: Zhang, Wei, Ren 2014 (hazards of touches); Shender et al. 2023 (intensities); Sun, Sundararajan 2011 (value).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import lsq_linear

from journey_pipeline.conversion import Bools, Floats

Features = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

L2 = 1e-4
BUCKETS = 20
MAX_ITERATIONS = 25
# Share of the deviance a step must still win: below it the coefficients stand to seven digits.
TOLERANCE = 1e-14
# A sum of a million terms is known to this share of itself, and a step that wins less is not refused.
NOISE = 1e-12
# Rows whose float64 copy is made at once: 65,536 x 60 columns are 31 MB.
BLOCK_ROWS = 65_536


@dataclass(frozen=True)
class Sample:
    """Sampled person-days, sorted by `buckets`: `events` 0 or 1, `weights`, and which rows of `features` they are.

    Only `columns` of `features` are read (rows x columns, without intercept), block by block.
    """

    features: Features
    columns: Integers
    rows: Integers
    events: Floats
    weights: Floats
    buckets: Integers

    @classmethod
    def of(cls, features: Features, events: Floats, weights: Floats, buckets: Integers) -> Sample:
        """All rows and columns of a matrix."""
        rows, columns = (np.arange(size) for size in features.shape)
        return cls(features, columns, rows, events, weights, buckets)

    def blocks(self) -> Iterator[tuple[int, Floats, slice]]:
        """(bucket, design with intercept in float64, rows), each block of one bucket."""
        edges = np.searchsorted(self.buckets, np.arange(BUCKETS + 1))
        for bucket, (start, end) in enumerate(pairwise(edges)):
            while start < end:
                stop = min(start + BLOCK_ROWS, end)
                design = np.empty((stop - start, len(self.columns) + 1))
                design[:, 0] = 1.0
                design[:, 1:] = self.features[self.rows[start:stop]][:, self.columns]
                yield bucket, design, slice(start, stop)
                start = stop


@dataclass(frozen=True)
class Derivatives:
    """Loss, gradient and Hessian of the data, and the weight they come from, by bucket."""

    loss: Floats
    gradient: Floats
    hessian: Floats
    weight: Floats


@dataclass(frozen=True)
class Fit:
    """Coefficients (intercept first), those without each bucket (buckets x p + 1), derivatives there, mean log-loss."""

    coefficients: Floats
    replicates: Floats
    found: Derivatives
    log_loss: float
    iterations: int


def _loss(sample: Sample, beta: Floats) -> float:
    total = 0.0
    for _, x, rows in sample.blocks():
        z = x @ beta
        total += float(sample.weights[rows] @ (np.logaddexp(0.0, z) - sample.events[rows] * z))
    return total


def derivatives(sample: Sample, beta: Floats) -> Derivatives:
    """One pass over the sample; a sum over buckets is the whole, all but one bucket a replicate."""
    p = len(beta)
    found = Derivatives(np.zeros(BUCKETS), np.zeros((BUCKETS, p)), np.zeros((BUCKETS, p, p)), np.zeros(BUCKETS))
    for bucket, x, rows in sample.blocks():
        y, w, z = sample.events[rows], sample.weights[rows], x @ beta
        normaliser = np.logaddexp(0.0, z)
        chance = np.exp(z - normaliser)
        found.loss[bucket] += w @ (normaliser - y * z)
        found.gradient[bucket] += x.T @ (w * (chance - y))
        found.hessian[bucket] += (x * (w * chance * (1 - chance))[:, None]).T @ x
        found.weight[bucket] += w.sum()
    return found


def _ridge(weight: float, p: int, l2: float) -> Floats:
    """Diagonal of the penalty's Hessian; the intercept carries none."""
    penalty = np.full(p, l2 * weight)
    penalty[0] = 0.0
    return penalty


def _step(beta: Floats, gradient: Floats, hessian: Floats, nonnegative: Bools) -> Floats:
    """Minimise gradient d + d hessian d / 2 with beta + d >= 0 where demanded: least squares under bounds."""
    factor = cholesky(hessian + 1e-9 * np.eye(len(beta)), lower=True)
    target = -solve_triangular(factor, gradient, lower=True)
    if not nonnegative.any():
        return np.asarray(solve_triangular(factor.T, target), float)
    low = np.where(nonnegative, -beta - 1e-300, -np.inf)
    return np.asarray(lsq_linear(factor.T, target, (low, np.inf), method="bvls").x, float)


def fit(sample: Sample, nonnegative: Bools, l2: float = L2, start: Floats | None = None) -> Fit:
    """Minimise sum w (log(1 + e^z) - y z) + l2 / 2 sum(w) sum(beta^2) by projected Newton steps.

    `nonnegative` marks the features (without intercept) whose coefficient may not fall below 0. A replicate without
    a bucket is one Newton step from the whole: its error is of the order of the bucket's share squared, far inside
    what the replicates measure. Raises ValueError without events or without other days.
    """
    held = np.concatenate([[False], nonnegative])
    total, events = float(sample.weights.sum()), float(sample.weights @ sample.events)
    if not 0 < events < total:
        raise ValueError(f"expected days with and without a conversion, found {events:g} events of weight {total:g}")
    beta = np.zeros(len(held)) if start is None else start.copy()
    if start is None:
        beta[0] = np.log(events / (total - events))
    ridge = _ridge(total, len(beta), l2)
    iterations = 0
    while True:
        found = derivatives(sample, beta)
        gradient = found.gradient.sum(axis=0) + ridge * beta
        hessian = found.hessian.sum(axis=0) + np.diag(ridge)
        loss = found.loss.sum() + 0.5 * ridge @ beta**2
        step = _step(beta, gradient, hessian, held)
        # What the step wins by the quadratic model; at the minimum under the bounds, nothing.
        gain = -(gradient @ step + 0.5 * step @ hessian @ step)
        if gain <= TOLERANCE * abs(loss) or iterations == MAX_ITERATIONS:
            break
        scale = 1.0
        while scale > 1e-6:
            tried = beta + scale * step
            tried[held] = np.maximum(tried[held], 0.0)
            if _loss(sample, tried) + 0.5 * ridge @ tried**2 <= loss * (1 + NOISE):
                break
            scale /= 2
        beta = tried
        iterations += 1
    return Fit(beta, replicates(beta, found, nonnegative, l2), found, float(found.loss.sum()) / total, iterations)


def replicates(
    beta: Floats, found: Derivatives, nonnegative: Bools, l2: float = L2, moved: Floats | None = None
) -> Floats:
    """Coefficients without each bucket (buckets x p), one Newton step from the whole.

    `moved` (buckets x p) is what the gradient gains where a column of the sample, itself estimated, is the one that
    was estimated without the bucket.
    """
    held = np.concatenate([[False], nonnegative])
    gradient, hessian, weight = (part.sum(axis=0) for part in (found.gradient, found.hessian, found.weight))
    without = np.tile(beta, (BUCKETS, 1))
    for bucket in np.flatnonzero(found.weight):
        ridge = _ridge(weight - found.weight[bucket], len(beta), l2)
        slope = gradient - found.gradient[bucket] + ridge * beta + (0.0 if moved is None else moved[bucket])
        without[bucket] += _step(beta, slope, hessian - found.hessian[bucket] + np.diag(ridge), held)
    without[:, held] = np.maximum(without[:, held], 0.0)
    return without


def exposure(stock: Floats) -> Floats:
    """What a stock of touches counts in the hazard: it saturates at 1."""
    return np.asarray(1.0 - np.exp(-stock), float)


def shares(log_hazard: Floats) -> tuple[Floats, Floats]:
    """Credit of each channel and the baseline of each conversion, from x_c (conversions x channels, not negative).

    Credits and baseline of a conversion sum to 1; without any x the baseline is 1.
    """
    total = log_hazard.sum(axis=1)
    baseline = np.exp(-total)
    earned = np.divide(1.0 - baseline, total, out=np.zeros_like(total), where=total > 0)
    return log_hazard * earned[:, None], baseline


def jackknife_variance(replicates: Floats) -> Floats:
    """Delete-a-group variance from the statistic without each group (groups x ...), on the scale of the whole."""
    groups = len(replicates)
    spread = replicates - replicates.mean(axis=0)
    return np.asarray((groups - 1) / groups * (spread**2).sum(axis=0), float)
