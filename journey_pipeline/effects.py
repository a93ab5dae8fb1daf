"""What changed after an action, from weekly counts: difference in differences, and before and after.

Holds the two estimates with their intervals and the check of the weeks before. Pure.
Add here another way to compare weeks without an experiment.
Must not be here: which action is measured on what (`actions`), experiments, any I/O.

Both are estimates under assumptions that `ASSUMPTIONS` says in words; neither is incremental. Weeks vary by more than
their counts explain, so the variance of counts is scaled by the Pearson dispersion of the weeks, at least 1 (McCullagh
& Nelder 1989), and the interval uses Student's t with the weeks less the periods as degrees of freedom.

Source: Ashenfelter & Card 1985 (difference in differences).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from journey_pipeline.conversion import Bools, Floats, ratio

BEFORE_WEEKS = 8
LEAST_WEEKS = 4
DIFFERENCE = "difference_in_differences"
PRE_POST = "pre_post"
EXPERIMENT = "experiment"
ASSUMPTIONS = {
    DIFFERENCE: "Assumes that without the action the member would have moved as the other members did, that they were "
    "not touched by it, and that nothing else changed for the one alone. An estimate, not an experiment.",
    PRE_POST: "Assumes that without the action the weeks after would have been like the weeks before: season, mix and "
    "everything else that happened are in it. An estimate, not an experiment.",
    EXPERIMENT: "From random assignment; see the experiment.",
}


class Weeks(NamedTuple):
    """Weekly counts of one group, in order of time."""

    entered: Floats
    converted: Floats


class Estimate(NamedTuple):
    """Change of a value, its 95 % interval, and the trend of the weeks before with its p value."""

    effect: float
    low: float
    high: float
    se: float
    dispersion: float
    trend: float
    trend_p: float


NO_ESTIMATE = Estimate(*[np.nan] * 7)


def difference_in_differences(treated: Weeks, others: Weeks, after: Bools) -> Estimate:
    """(treated after - before) - (others after - before) of pooled shares; `after` marks the weeks since the start.

    Weeks line up. What moves both alike in a week cancels in their difference, so the dispersion is that of weekly
    differences around the mean of their period.
    """
    is_after: Bools = np.asarray(after, bool)
    effect, variance = 0.0, 0.0
    for group, sign in ((treated, 1), (others, -1)):
        for period, direction in ((is_after, 1), (~is_after, -1)):
            share, of_counts = _pooled(group, period)
            effect += sign * direction * share
            variance += of_counts
    gap = ratio(treated.converted, treated.entered) - ratio(others.converted, others.entered)
    noise = _noise_of_weeks(treated, is_after) + _noise_of_weeks(others, is_after)
    return _estimate(effect, variance, gap, noise, is_after)


def pre_post(group: Weeks, after: Bools) -> Estimate:
    """Pooled share after less pooled share before."""
    is_after: Bools = np.asarray(after, bool)
    (late, noise_late), (early, noise_early) = (_pooled(group, period) for period in (is_after, ~is_after))
    share = ratio(group.converted, group.entered)
    return _estimate(late - early, noise_late + noise_early, share, _noise_of_weeks(group, is_after), is_after)


def pre_post_of_ratio(numerator: Floats, denominator: Floats, after: Bools) -> Estimate:
    """Change of a ratio of sums, such as a mean or customers per spend; its variance is that between weeks.

    The linearised variance of a ratio estimator with weeks as units (Cochran 1977, 6.4).
    """
    is_after: Bools = np.asarray(after, bool)
    values, variance = [], 0.0
    for period in (is_after, ~is_after):
        top, bottom, weeks = numerator[period], denominator[period], int(period.sum())
        value = float(ratio(top.sum(), bottom.sum()))
        residual = top - value * bottom
        variance += float(ratio(np.sum(residual**2) * weeks, max(weeks - 1, 0) * bottom.sum() ** 2))
        values.append(value)
    weekly = ratio(numerator, denominator)
    return _estimate(values[0] - values[1], variance, weekly, np.full(len(weekly), np.nan), is_after)


def _pooled(group: Weeks, period: Bools) -> tuple[float, float]:
    """Share of a period and the variance of its counts, a share of 0 or 1 with half a success more."""
    n, k = float(group.entered[period].sum()), float(group.converted[period].sum())
    share = float(ratio(k, n))
    spread = (k + 0.5) / (n + 1) if share in (0.0, 1.0) else share
    return share, float(ratio(spread * (1 - spread), n))


def _noise_of_weeks(group: Weeks, is_after: Bools) -> Floats:
    """Sampling variance of each week's share at the share of its period."""
    found = np.empty(len(group.entered))
    for period in (is_after, ~is_after):
        n = float(group.entered[period].sum())
        found[period] = ratio(_pooled(group, period)[1] * n, group.entered[period])
    return found


def _estimate(effect: float, variance: float, series: Floats, noise: Floats, is_after: Bools) -> Estimate:
    """The interval of an effect, and the straight line through the weeks before."""
    freedom = len(series) - 2
    if freedom < 1 or not np.isfinite(effect):
        return NO_ESTIMATE
    dispersion = 1.0
    if np.isfinite(noise).any():
        known = np.isfinite(series) & (noise > 0)
        centred = np.concatenate([_centred(series[p & known], noise[p & known]) for p in (is_after, ~is_after)])
        dispersion = max(1.0, float(np.sum(centred**2)) / freedom)
    se = float(np.sqrt(variance * dispersion))
    half = float(student.ppf(0.975, freedom)) * se
    trend, trend_p = _trend(series[~is_after])
    return Estimate(effect, effect - half, effect + half, se, dispersion, trend, trend_p)


def _centred(series: Floats, noise: Floats) -> Floats:
    """Weeks around their weighted mean, in units of sampling noise."""
    if not len(series):
        return series
    return (series - np.average(series, weights=1 / noise)) / np.sqrt(noise)


def _trend(series: Floats) -> tuple[float, float]:
    """Slope per week of a least-squares line and its p value; NaN with fewer than four weeks."""
    y = series[np.isfinite(series)]
    if len(y) < LEAST_WEEKS:
        return np.nan, np.nan
    x = np.flatnonzero(np.isfinite(series)) - np.flatnonzero(np.isfinite(series)).mean()
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    freedom = len(y) - 2
    error = np.sqrt(residual @ residual / freedom / (x @ x))
    return slope, 1.0 if error == 0 else float(2 * student.sf(abs(slope / error), freedom))
