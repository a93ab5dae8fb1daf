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
from journey_pipeline.conversion import Bools, Floats

# Buckets of customers, numbered from 0: each is left out once. Twenty know a standard error to a sixth of itself.
GROUPS = 20
# Slope per customer that may be left: of a million it moves parameters by a fiftieth of their standard errors.
_FLAT = 1e-6
_REACH = 7.0  # of a logarithm from its start: beyond a factor of 1,100 no number of orders tells parameters apart
_STEP = 1e-4  # of a logarithm, for the differences of the slope
_STARTS = 5
_CHORDS = 12
_POLISH = 8  # Newton steps, smaller where one leads uphill

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
    weights, centre = counts.sum(axis=1), np.log(np.asarray(start, float))
    best, value, iterations = _search(likelihood, weights, centre)
    free = np.abs(best - centre) < _REACH - 1e-6
    information = _information(likelihood, weights, best, free)
    replicates = [
        _nearby(likelihood, weights - counts[:, g], best, centre, free, information) if counts[:, g].any() else best
        for g in range(counts.shape[1])
    ]
    return Fitted(
        names=names,
        parameters=np.exp(best),
        log_likelihood=value,
        customers=int(weights.sum()),
        repeat_customers=repeat_customers,
        iterations=iterations,
        covariance=_covariance(information, free),
        at_bounds=tuple(name for name, inside in zip(names, free, strict=True) if not inside),
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
    # No bound on the value: on a ridge it stands still long before the parameters do.
    found = minimize(
        downhill,
        np.clip(begin, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"maxiter": 500, "gtol": _FLAT / 100, "ftol": 0.0, "maxcor": 10},
    )

    def left(logs: Floats) -> tuple[float, Bools]:
        slope = downhill(logs)[1]
        free = ~((logs <= low) & (slope > 0) | (logs >= high) & (slope < 0))
        return float(np.abs(slope[free]).max(initial=0.0)), free

    logs, size_of_step = np.asarray(found.x, float), 1.0
    steepest, free = left(logs)
    # Rounding of the value can end the search early; Newton's steps need the slope only, which is known better.
    for _ in range(_POLISH):
        if steepest <= _FLAT or not np.isfinite(steepest):
            break
        further = np.clip(logs + size_of_step * _newton(likelihood, weights, logs, free), low, high)
        found_there = left(further)
        if found_there[0] < steepest:
            logs, (steepest, free), size_of_step = further, found_there, 1.0
        else:
            size_of_step /= 4
    if not steepest <= _FLAT:
        raise NotFitted(
            f"the search for the parameters did not settle: a slope of {steepest:.1e} is left, at most {_FLAT:.0e}"
        )
    return logs, likelihood(logs, weights)[0], int(found.nit)


def _newton(likelihood: Likelihood, weights: Floats, at: Floats, free: Bools) -> Floats:
    """The step to where the slope would vanish; downhill also where the curve is no bowl."""
    step = np.zeros(len(at))
    bend, turn = np.linalg.eigh(_information(likelihood, weights, at, free))
    slope = turn.T @ likelihood(at, weights)[1][free]
    step[free] = turn @ (slope / np.maximum(np.abs(bend), 1e-12 * weights.sum()))
    return np.asarray(np.clip(step, -1, 1))


def _information(likelihood: Likelihood, weights: Floats, at: Floats, free: Bools) -> Floats:
    """Observed information of the free parameters, from central differences of the slope."""
    rows = []
    for i in np.flatnonzero(free):
        step = np.zeros(len(at))
        step[i] = _STEP
        rows.append(likelihood(at - step, weights)[1][free] - likelihood(at + step, weights)[1][free])
    information = np.array(rows).reshape(len(rows), len(rows)) / (2 * _STEP)
    return np.asarray((information + information.T) / 2)


def _nearby(
    likelihood: Likelihood, weights: Floats, best: Floats, centre: Floats, free: Bools, information: Floats
) -> Floats:
    """The fit to most of the customers, by chords: the curve of the whole serves, as a bucket hardly bends it.

    Four times as fast as the search, which takes over where the chords do not arrive.
    """
    logs, size = best.copy(), weights.sum()
    if free.any() and np.linalg.eigvalsh(information).min() > 0:
        for _ in range(_CHORDS):
            slope = likelihood(logs, weights)[1]
            outward = np.where(logs > centre, slope >= 0, slope <= 0)
            if np.abs(slope[free]).max() <= _FLAT * size and (free | outward).all():
                return logs
            logs[free] += np.linalg.solve(information, slope[free])
            if np.abs(logs - best).max() > 1:
                break
    return _settle(likelihood, weights, best, centre)[0]


def _covariance(information: Floats, free: Bools) -> Floats:
    covariance = np.full((len(free), len(free)), np.nan)
    if free.any() and np.linalg.eigvalsh(information).min() > 0:
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
    return covariance
