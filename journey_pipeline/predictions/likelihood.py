"""Maximum likelihood of a few positive parameters on weighted cells, with how sure they are.

Holds the search on logarithms, the observed information, the delete-a-group replicates over buckets of customers, and
`NotFitted`, whose message is the reason to publish.
Add here: what every likelihood of this folder needs.
Must not be here: a likelihood (the modules named after one), any I/O.

Sources: Tukey 1958 for the jackknife; Efron and Hinkley 1978 for the observed information.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from journey_pipeline.attribution.intervals import replicated_error
from journey_pipeline.conversion import Floats

# Buckets of customers, numbered from 0: each is left out once. With twenty a standard error is known to a sixth of itself.
GROUPS = 20
# Per customer: what is left of the slope moves no parameter by a thousandth of its standard error.
_FLAT = 1e-6
_REACH = 10.0  # a parameter may move from its start by a factor of e^10 either way
_STEP = 1e-4  # of a logarithm, for the differences of the slope
_STARTS = 5

# Logarithms of the parameters and one weight per cell to the weighted sum of log-likelihoods and its slope.
Likelihood = Callable[[Floats, Floats], tuple[float, Floats]]


class NotFitted(Exception):
    """There is no estimate, and the message says why: too few customers, or a search that did not settle."""


@dataclass(frozen=True)
class Fitted:
    """Parameters with their fit. `covariance` is of the logarithms, NaN for a parameter at the end of its reach."""

    names: tuple[str, ...]
    parameters: Floats
    log_likelihood: float
    customers: int
    repeat_customers: int
    iterations: int
    covariance: Floats
    at_bounds: tuple[str, ...]
    replicates: Floats = field(repr=False)  # one row per bucket left out; that of an empty bucket is the fit itself

    def errors(self) -> Floats:
        """Standard error of each parameter by the jackknife; it needs no model to be right."""
        return replicated_error(self.replicates.T, of_total=False)


def fit(
    likelihood: Likelihood,
    counts: Floats,
    start: Sequence[float],
    names: tuple[str, ...],
    repeat_customers: int,
) -> Fitted:
    """Fit to all customers, then anew without each bucket in turn.

    `counts` holds customers by cell and bucket. Raises NotFitted when the search settles from none of its starts.
    """
    weights = counts.sum(axis=1)
    best, value, iterations = _search(likelihood, weights, np.log(np.asarray(start, float)))
    bounds = np.abs(best - np.log(np.asarray(start, float))) > _REACH - 1e-6
    replicates = [
        _settle(likelihood, weights - counts[:, g], best, np.log(start))[0] if counts[:, g].any() else best
        for g in range(counts.shape[1])
    ]
    return Fitted(
        names=names,
        parameters=np.exp(best),
        log_likelihood=value,
        customers=int(weights.sum()),
        repeat_customers=repeat_customers,
        iterations=iterations,
        covariance=_covariance(likelihood, weights, best, ~bounds),
        at_bounds=tuple(name for name, at in zip(names, bounds, strict=True) if at),
        replicates=np.exp(np.array(replicates)),
    )


def by_bucket(cells: pd.DataFrame, alike: list[str]) -> tuple[pd.DataFrame, Floats]:
    """Distinct cells in order, and their customers by bucket: nothing depends on the order of rows.

    Raises ValueError for a bucket outside 0..GROUPS - 1 and for a number of customers that is none.
    """
    if not cells["bucket"].isin(range(GROUPS)).all():
        raise ValueError(f"bucket: expected whole numbers from 0 to {GROUPS - 1}, found others")
    if not (cells["customers"] >= 0).all():
        raise ValueError("customers: expected counts, found values below 0 or none")
    counts = cells.groupby([*alike, "bucket"], sort=True)["customers"].sum().unstack("bucket", fill_value=0)
    counts = counts.reindex(columns=range(GROUPS), fill_value=0).sort_index()
    return counts.index.to_frame(index=False), counts.to_numpy("float64")


def _search(likelihood: Likelihood, weights: Floats, start: Floats) -> tuple[Floats, float, int]:
    """From the given start; only if that does not settle, from a few drawn around it (always the same)."""
    chance = np.random.default_rng(7)
    found = []
    for attempt in range(_STARTS):
        begin = start if attempt == 0 else start + chance.normal(0, 1, len(start))
        try:
            found.append(_settle(likelihood, weights, begin, start))
        except NotFitted:
            continue
        if attempt == 0:
            break
    if not found:
        raise NotFitted(
            f"the search for the parameters did not settle from any of {_STARTS} starts; the purchases do not tell "
            "them apart: wait for more weeks or more customers"
        )
    return max(found, key=lambda one: one[1])


def _settle(likelihood: Likelihood, weights: Floats, begin: Floats, centre: Floats) -> tuple[Floats, float, int]:
    size = weights.sum()

    def downhill(logs: Floats) -> tuple[float, Floats]:
        value, slope = likelihood(logs, weights)
        return -value / size, -slope / size

    low, high = centre - _REACH, centre + _REACH
    # `ftol` is left out of it: on a ridge the value stands still long before the parameters do.
    found = minimize(
        downhill,
        np.clip(begin, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"maxiter": 500, "gtol": _FLAT / 10, "ftol": 0.0, "maxcor": 10},
    )
    slope = np.asarray(found.jac, float)
    free = ~((found.x <= low) & (slope > 0) | (found.x >= high) & (slope < 0))
    if not np.isfinite(found.fun) or np.abs(slope[free]).max(initial=0.0) > _FLAT:
        raise NotFitted(f"the search for the parameters did not settle: {found.message}")
    return np.asarray(found.x, float), -float(found.fun) * float(size), int(found.nit)


def _covariance(likelihood: Likelihood, weights: Floats, at: Floats, free: np.ndarray) -> Floats:
    """Inverse of the observed information, from central differences of the slope."""
    information = np.full((len(at), len(at)), np.nan)
    for i in np.flatnonzero(free):
        step = np.zeros(len(at))
        step[i] = _STEP
        information[i] = (likelihood(at - step, weights)[1] - likelihood(at + step, weights)[1]) / (2 * _STEP)
    within = np.ix_(free, free)
    covariance = np.full_like(information, np.nan)
    symmetric = (information + information.T)[within] / 2
    if symmetric.size and np.linalg.eigvalsh(symmetric).min() > 0:
        covariance[within] = np.linalg.inv(symmetric)
    return covariance
