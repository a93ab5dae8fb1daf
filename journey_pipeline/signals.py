"""Why a rate moved: control limits, the split into mix and rate, the season, and how many people a verdict needs.

Holds: Laney p' limits; the decomposition of a change into what members did and how many of them there were; a lift
at equal mix and a lift against the same weeks of the year before; the size of a sample for a target. Pure.
Add here: another statistic about a change of a share.
Must not be here: which weeks are compared and the released tables (`change`), intervals of one rate or of two
(`conversion`), targets and statuses (`scorecard`), any I/O.

None of these says what caused a change: a before and after is no experiment.

Sources: Laney 2002 (p' chart); Geisser 1993 (predictive distributions); Kitagawa 1955 and Oaxaca-Blinder (mid-point
weights); McCullagh & Nelder 1989 (iteratively reweighted least squares, quasi-likelihood); Fleiss, Levin & Paik 2003
(sample size).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import betabinom, norm

from journey_pipeline.conversion import Z95, Bools, Floats, Numbers, floats, ratio, relative_change

# Mean moving range of two normal values in standard deviations, and the usual width of control limits.
MOVING_RANGE = 1.128
LIMIT_SIGMAS = 3.0
LIMIT_TAIL = float(norm.sf(LIMIT_SIGMAS))
Z80 = 0.8416212335729143

COUNTS = ("entered0", "converted0", "entered1", "converted1")
OTHER = "other"
TOTAL = "all"

DAYS_OF_A_YEAR = 365.25


class Limits(NamedTuple):
    """Centre and width of a p' chart: `sigma_z` is the spread of weeks in units of sampling noise, at least 1."""

    centre: float
    sigma_z: float
    low: Floats
    high: Floats


def laney_limits(entered: Numbers, converted: Numbers, tested: Numbers) -> Limits:
    """Laney p' limits for weeks of `tested` entrants from the baseline weeks, in time order (Laney 2002).

    Weekly rates vary by more than their counts explain, so the moving range of the standardised weeks widens the
    limits; it never narrows them. A baseline in which nobody or everybody converted has no spread at all: half a
    success and half a trial are added, the continuity rule of `lift_interval`.
    """
    n, k = np.asarray(entered, float), np.asarray(converted, float)
    size, successes = float(n.sum()), float(k.sum())
    degenerate = successes in (0.0, size)
    centre = (successes + 0.5) / (size + 1) if degenerate else successes / size
    noise = np.sqrt(centre * (1 - centre))
    z = (ratio(k, n) - centre) / (noise / np.sqrt(n))
    sigma_z = max(1.0, float(np.mean(np.abs(np.diff(z)))) / MOVING_RANGE) if len(z) > 1 else 1.0
    half = LIMIT_SIGMAS * sigma_z * noise / np.sqrt(np.asarray(tested, float))
    shown = successes / size if degenerate else centre
    return Limits(shown, sigma_z, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1))


def side_of_limits(limits: Limits, entered: Numbers, converted: Numbers, tested: float, found: float) -> str:
    """Whether a week of `tested` entrants, of whom `found` converted, lies `high`, `low` or beyond none of its limits.

    The limits are those of a normal, too narrow where few convert: a step that two people a week get through passes
    them in 1 % of its weeks. So the count must also lie in the 0.135 % tail of what the baseline's counts predict
    (beta-binomial, Jeffreys' prior; Geisser 1993). Of weeks whose rate stays, no more than 0.27 % are told.
    """
    size, successes = float(np.sum(entered)), float(np.sum(converted))
    predicted = (tested, successes + 0.5, size - successes + 0.5)
    if found / tested > limits.high and betabinom.sf(found - 1, *predicted) < LIMIT_TAIL:
        return "high"
    if found / tested < limits.low and betabinom.cdf(found, *predicted) < LIMIT_TAIL:
        return "low"
    return "none"


def pool_small(cells: pd.DataFrame, by: Sequence[str], min_n: int) -> pd.DataFrame:
    """Cells with the members too small to judge summed into `other`, one row per `by` and member.

    Small is a member that somebody but fewer than `min_n` entered in either period; one that nobody entered in a
    period is absent there, which is a change of mix and no noise. A member that is called like the total goes to
    `other` too, so that its row is never taken for the total.
    """
    small = np.zeros(len(cells), bool)
    for column in ("entered0", "entered1"):
        entered = floats(cells[column])
        small |= (entered > 0) & (entered < min_n)
    small |= (cells["member"] == TOTAL).to_numpy()
    pooled = cells.assign(member=cells["member"].where(~small, OTHER))
    return pooled.groupby([*by, "member"], sort=True, as_index=False)[list(COUNTS)].sum()


def decompose(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """What each member did to the change of the whole's rate, by mid-point weights (Kitagawa 1955).

    Needs `by`, member, entered0, converted0, entered1, converted1, with entrants in both periods of every whole.
    Adds share0, share1, rate0, rate1 (NaN where nobody entered), `rate_effect` (its rate changed, at the mean of its
    two shares), `mix_effect` (its share changed, at the mean of its two rates), `change` (the sum of the two, which
    is its contribution: the contributions sum to the change of the whole), and `variance0`, `variance1` of the two
    terms of the rate effect. A member absent in one period keeps its rate: all it does is mix.
    """
    n0, k0, n1, k1 = (floats(cells[name]) for name in COUNTS)
    wholes = cells.groupby(list(by), sort=False)[["entered0", "entered1"]].transform("sum")
    share0, share1 = n0 / floats(wholes["entered0"]), n1 / floats(wholes["entered1"])
    rate0, rate1 = ratio(k0, n0), ratio(k1, n1)
    filled0, filled1 = (np.nan_to_num(np.where(n == 0, b, a)) for n, a, b in ((n0, rate0, rate1), (n1, rate1, rate0)))
    weight, present = (share0 + share1) / 2, (n0 > 0) & (n1 > 0)
    rate_effect = np.where(present, weight * (filled1 - filled0), 0.0)
    mix_effect = (share1 - share0) * (filled0 + filled1) / 2
    return cells.assign(
        share0=share0,
        share1=share1,
        rate0=rate0,
        rate1=rate1,
        rate_effect=rate_effect,
        mix_effect=mix_effect,
        change=rate_effect + mix_effect,
        standard0=weight * filled0,
        standard1=weight * filled1,
        variance0=np.where(present, weight**2 * ratio(filled0 * (1 - filled0), n0), 0.0),
        variance1=np.where(present, weight**2 * ratio(filled1 * (1 - filled1), n1), 0.0),
    )


def totals(members: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The whole's row of each decomposition, member `all`: its own rates and the sums of its members' effects.

    `is_simpson`: the whole moved against what its members did at constant mix, so that its rate alone misleads
    (Simpson's paradox and its milder forms).
    """
    sums = [*COUNTS, "rate_effect", "mix_effect", "standard0", "standard1", "variance0", "variance1"]
    whole = members.groupby(list(by), sort=True, as_index=False)[sums].sum()
    whole["rate0"] = ratio(floats(whole["converted0"]), floats(whole["entered0"]))
    whole["rate1"] = ratio(floats(whole["converted1"]), floats(whole["entered1"]))
    whole["change"] = whole["rate1"] - whole["rate0"]
    is_simpson: Bools = floats(whole["change"]) * floats(whole["rate_effect"]) < 0
    return whole.assign(member=TOTAL, share0=1.0, share1=1.0, is_simpson=is_simpson)


def with_interval(rows: pd.DataFrame, z: float = Z95) -> pd.DataFrame:
    """Rows of `decompose` or `totals` with rate_effect_low and rate_effect_high."""
    half = z * np.sqrt(floats(rows["variance0"]) + floats(rows["variance1"]))
    effect = floats(rows["rate_effect"])
    return rows.assign(rate_effect_low=effect - half, rate_effect_high=effect + half)


def lift_at_equal_mix(whole: pd.DataFrame) -> tuple[Floats, ...]:
    """Relative lift of rows of `totals` with both periods at the mean of their two mixes: (lift, low, high).

    The difference of the two standardised rates is the rate effect; their ratio has a log-normal interval.
    """
    before, after = floats(whole["standard0"]), floats(whole["standard1"])
    variance = ratio(floats(whole["variance0"]), before**2) + ratio(floats(whole["variance1"]), after**2)
    return relative_change(before, after, variance)


def seasonal_lift(base: Numbers, current: Numbers, base_last_year: Numbers, current_last_year: Numbers) -> Floats:
    """Ratio of ratios: how much more the rate rose than between the same weeks a year before.

    Each argument is (converted, entered). Returns (lift, low, high); the log variances of the four rates add up.
    Assumes that the two years would have run in parallel.
    """
    arms = [np.asarray(arm, float) for arm in (base, current, base_last_year, current_last_year)]
    p0, p1, q0, q1 = (ratio(k, n) for k, n in arms)
    variance = sum(ratio(1.0, k) - ratio(1.0, n) for k, n in arms)
    return np.array(relative_change(ratio(q1, q0), ratio(p1, p0), variance))


def seasonal_model(
    weeks: pd.Series, entered: Numbers, converted: Numbers, is_current: Bools, is_earlier: Bools, baseline: float
) -> Floats:
    """Lift of the current weeks over `baseline` from all weeks at once: (lift, low, high).

    A quasi-binomial model, logit p = level + two harmonics of the year + delta in the current weeks, with a level of
    its own for the weeks between the baseline's end and the current ones (`is_earlier`). The standard error is
    scaled by the Pearson dispersion, at least 1 (McCullagh & Nelder 1989). delta, a log odds ratio, is told as a
    relative lift of the baseline rate. NaN where the fit does not settle, as when no current entrant converted.
    Assumes that the years would have run in parallel.
    """
    days = (weeks - pd.Timestamp(0)).dt.days.to_numpy()
    turn = 2 * np.pi * days / DAYS_OF_A_YEAR
    columns = [np.ones(len(days)), is_current.astype(float)]
    columns += [wave(h * turn) for h in (1, 2) for wave in (np.sin, np.cos)]
    columns += [is_earlier.astype(float)] if is_earlier.any() else []
    fitted = _quasi_binomial(np.column_stack(columns), np.asarray(entered, float), np.asarray(converted, float))
    if fitted is None:
        return np.full(3, np.nan)
    coefficients, covariance = fitted
    delta, half = coefficients[1], Z95 * np.sqrt(covariance[1, 1])
    odds = baseline / (1 - baseline) * np.exp([delta, delta - half, delta + half])
    return np.asarray(odds / (1 + odds) / baseline - 1)


def _quasi_binomial(design: Floats, n: Floats, k: Floats) -> tuple[Floats, Floats] | None:
    """Coefficients and their covariance by iteratively reweighted least squares; None where they do not settle."""
    share = (k + 0.5) / (n + 1)
    predictor = np.log(share / (1 - share))
    freedom = len(n) - design.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    last = np.full(design.shape[1], np.inf)
    for _ in range(50):
        p = expit(predictor)
        weight = n * p * (1 - p)
        if not np.all(weight > 1e-9):  # a level runs off to 0 or 1: no finite estimate
            return None
        information = design.T @ (weight[:, None] * design)
        found = np.linalg.solve(information, design.T @ (weight * predictor + k - n * p))
        if np.max(np.abs(found - last)) < 1e-10:
            dispersion = max(1.0, float(np.sum((k - n * p) ** 2 / weight)) / freedom)
            return np.asarray(found, float), np.asarray(dispersion * np.linalg.inv(information), float)
        last, predictor = found, design @ found
    return None


def required_n(baseline: Numbers, target: Numbers) -> Floats:
    """Entrants each window needs to see a relative change of `target` with 80 % power at 5 % error, rounded up.

    (z.975 + z.8)^2 (p0(1-p0) + p1(1-p1)) / (p1-p0)^2; NaN where the target changes nothing or leaves 0..1.
    """
    p0 = np.asarray(baseline, float)
    p1 = p0 * (1 + np.asarray(target, float))
    possible = (p0 > 0) & (p1 >= 0) & (p1 <= 1) & (p1 != p0)
    spread = np.where(possible, p0 * (1 - p0) + p1 * (1 - p1), np.nan)
    return np.ceil((Z95 + Z80) ** 2 * ratio(spread, (p1 - p0) ** 2))
