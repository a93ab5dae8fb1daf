"""Conversion rates, their intervals and their maturity: counts in, rates with uncertainty out.

Holds: the interval of a rate (Wilson), of a ratio of two counts, of the difference and the lift between two
rates; the maturity rule; the released table `stage_conversion`. Also the two readers of cell columns every
measure uses.
Add here: a statistic about a share or a ratio of counts that more than one measure needs.
Never here: how a customer enters a stage (that is SQL in `journeys`), targets and statuses (`scorecard`), any
I/O.

Sources: Wilson 1927; Newcombe 1998 (method 10); Katz et al. 1978 for the log ratio of two proportions.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import erfc

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.ArrayLike | pd.Series

Z95 = 1.959963984540054
WEEK = np.timedelta64(7, "D")

STAGE_CONVERSION_KEY = [
    "week",
    "view",
    "funnel",
    "mode",
    "from_stage",
    "to_stage",
    "breakdown",
    "member",
    "window_seconds",
]
# How long those took who converted: short of the truth, as whoever is still on the way is not among them.
CONVERTERS_ONLY = {f"{name}_seconds": f"{name}_seconds_converters_only" for name in ("median", "p75", "p90")}
STAGE_CONVERSION_COLUMNS = [
    *STAGE_CONVERSION_KEY,
    "is_default_mode",
    "entered",
    "converted",
    "imputed",
    "open",
    "dropped",
    "rate",
    "ci_low",
    "ci_high",
    "is_mature",
    "is_small_sample",
    *CONVERTERS_ONLY.values(),
]


def floats(values: pd.Series) -> Floats:
    """Read a cell column as float64, NULL as NaN; DECIMAL arrives as `Decimal`, Arrow decimal or float."""
    return values.to_numpy(dtype="float64", na_value=np.nan)


def weeks(values: pd.Series) -> pd.Series:
    """Read a DATE column (dates, timestamps or ISO text) as naive datetime64[us] midnights."""
    return pd.to_datetime(values).astype("datetime64[us]").dt.normalize()


def require_unique(cells: pd.DataFrame, key: Sequence[str], name: str) -> None:
    """Raise ValueError when two rows of `cells` share a key: a rate formed from them would count people
    twice."""
    repeated = int(cells.duplicated(subset=list(key)).sum())
    if repeated:
        raise ValueError(f"{name}: {repeated} rows repeat the key ({', '.join(key)}); expected one row per key")


def ratio(numerator: Numbers, denominator: Numbers) -> Floats:
    """Divide elementwise; NaN where the denominator is 0 or unknown ("undefined", never 0)."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom != 0)
    return result


def wilson_interval(k: Numbers, n: Numbers, z: float = Z95) -> tuple[Floats, Floats]:
    """Wilson score interval of k successes in n trials, elementwise (Wilson 1927).

    Ends are exact: k = 0 gives low 0, k = n gives high 1; n = 0 gives NaN for both. Counts may be fractional
    (an effective sample size). Raises ValueError for a count below 0 or above n.
    """
    successes, trials = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    wrong = int(np.sum((successes < 0) | (successes > trials)))
    if wrong:
        raise ValueError(f"{wrong} of {successes.size} rates have successes outside 0..trials")
    share = ratio(successes, trials)
    size = np.where(trials > 0, trials, np.nan)
    scale = 1 + z**2 / size
    centre = (share + z**2 / (2 * size)) / scale
    half = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)) / scale
    low = np.where(successes == 0, 0.0, centre - half)
    high = np.where(successes == trials, 1.0, centre + half)
    return np.where(trials > 0, low, np.nan), np.where(trials > 0, high, np.nan)


def count_ratio_interval(numerator: Numbers, denominator: Numbers, z: float = Z95) -> tuple[Floats, Floats]:
    """Interval of a ratio of two Poisson counts of different people, exp(ln(a/b) +- z sqrt(1/a + 1/b)).

    NaN where the denominator is 0. A numerator of 0 has no logarithm: low is 0 and high is taken with half a
    count added to both, the same continuity rule as `lift_interval`.
    """
    a, b = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    add = np.where(a == 0, 0.5, 0.0)
    defined = np.isfinite(a) & np.isfinite(b) & (b > 0)
    top, bottom = np.where(defined, a + add, np.nan), np.where(defined, b + add, np.nan)
    half = z * np.sqrt(1 / top + 1 / bottom)
    low, high = np.exp(np.log(top / bottom) - half), np.exp(np.log(top / bottom) + half)
    return np.where(defined & (a == 0), 0.0, low), high


def count_interval(count: Numbers, z: float = Z95) -> tuple[Floats, Floats]:
    """Interval of one Poisson count, exp(ln k +- z / sqrt k); for 0, low is 0 and high that of half a
    count."""
    k = np.asarray(count, float)
    size = np.where(k == 0, 0.5, k)
    factor = np.exp(z / np.sqrt(size))
    return np.where(k == 0, 0.0, size / factor), size * factor


def relative_change(before: Numbers, after: Numbers, log_variance: Numbers, z: float = Z95) -> tuple[Floats, ...]:
    """Relative change after/before - 1 and its interval exp(ln(after/before) +- z se) - 1.

    `log_variance` is the variance of ln(after/before). Returns (change, low, high). The interval is NaN
    unless both values are above 0; the change is NaN where `before` is not above 0.
    """
    v0, v1, variance = np.broadcast_arrays(*(np.asarray(x, float) for x in (before, after, log_variance)))
    change = np.where(v0 > 0, ratio(v1, v0) - 1, np.nan)
    quotient = np.where((v0 > 0) & (v1 > 0), ratio(v1, v0), np.nan)
    half = z * np.sqrt(np.where(variance >= 0, variance, np.nan))
    return change, quotient * np.exp(-half) - 1, quotient * np.exp(half) - 1


def lift_interval(k0: Numbers, n0: Numbers, k1: Numbers, n1: Numbers, z: float = Z95) -> tuple[Floats, ...]:
    """Relative lift of rate k1/n1 over k0/n0 with its log-ratio interval (Katz et al. 1978).

    When either arm has no success, half a success and half a trial are added to both arms and `continuity` is
    0.5 (else 0). Returns (lift, low, high, continuity); NaN where a trial count is 0.
    """
    a0, b0, a1, b1 = np.broadcast_arrays(*(np.asarray(x, float) for x in (k0, n0, k1, n1)))
    continuity = np.where((a0 == 0) | (a1 == 0), 0.5, 0.0)
    a0, a1 = a0 + continuity, a1 + continuity
    defined = (b0 > 0) & (b1 > 0)
    b0, b1 = np.where(defined, b0 + continuity, np.nan), np.where(defined, b1 + continuity, np.nan)
    variance = 1 / a1 - 1 / b1 + 1 / a0 - 1 / b0
    return *relative_change(a0 / b0, a1 / b1, variance, z), continuity


def compare_rates(k0: Numbers, n0: Numbers, k1: Numbers, n1: Numbers, z: float = Z95) -> pd.DataFrame:
    """Compare rate k1/n1 with k0/n0: difference (Newcombe), pooled z test, relative lift.

    Columns: difference, difference_low, difference_high, z_score, p_value, lift, lift_low, lift_high,
    continuity. The p value is erfc(|z|/sqrt 2), which does not underflow where 1 - Phi does. Two rates that
    are both 0 or both 1 have z 0 and p 1.
    """
    a0, b0, a1, b1 = (np.atleast_1d(np.asarray(x, float)) for x in (k0, n0, k1, n1))
    p0, p1, pooled = ratio(a0, b0), ratio(a1, b1), ratio(a0 + a1, b0 + b1)
    (l0, u0), (l1, u1) = wilson_interval(a0, b0, z), wilson_interval(a1, b1, z)
    difference = p1 - p0
    se = np.sqrt(pooled * (1 - pooled) * (ratio(1.0, b0) + ratio(1.0, b1)))
    score = np.where(se == 0, 0.0, ratio(difference, se))
    lift, low, high, continuity = lift_interval(a0, b0, a1, b1, z)
    return pd.DataFrame(
        {
            "difference": difference,
            "difference_low": difference - np.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2),
            "difference_high": difference + np.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2),
            "z_score": score,
            "p_value": erfc(np.abs(score) / np.sqrt(2)),
            "lift": lift,
            "lift_low": low,
            "lift_high": high,
            "continuity": continuity,
        }
    )


def is_mature(week_start: pd.Series, window_seconds: Numbers, as_of: datetime) -> Bools:
    """Whether everyone who entered in the week has had the whole window: week_start + 7 d + window <= as_of.

    `as_of` is the reporting zone's local midnight as a naive datetime, like the week starts. Raises
    ValueError when it carries a zone: adding seconds to local midnights across two clocks would move the
    boundary by an hour.
    """
    if as_of.tzinfo is not None:
        raise ValueError("as_of must be a naive local time of the reporting zone, found one with a zone")
    seconds = np.asarray(window_seconds, "int64").astype("timedelta64[s]")
    ends = weeks(week_start).to_numpy() + WEEK + seconds
    return np.asarray(ends <= np.datetime64(as_of))


def stage_conversion(cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `stage_conversion` from `stage_cells`, one row per cell, sorted by its key.

    cohort: journeys that entered in the week and moved on within the window; Wilson interval; mature when the
    whole week has had the window. Of those who did not convert, `open` still may and `dropped` cannot.
    flow: entries into the two stages in one week, different people, so the ratio may exceed 1, has a
    count-ratio interval and is NaN when nobody entered. hazard: journeys in the stage at any time of the week,
    and of them those that moved in it; Wilson interval. Flow and hazard are mature as soon as the week is over
    (they have no window to wait for). Immature rows are published with the flag, never hidden.
    Raises ValueError for another view, a repeated key, or a cell that converts more journeys than it has.
    """
    require_unique(cells, STAGE_CONVERSION_KEY, "stage_cells")
    strange = sorted(set(cells["view"].dropna()) - {"cohort", "flow", "hazard"})
    if strange or cells["view"].isna().any():
        raise ValueError(f"stage_cells.view: expected cohort, flow or hazard, found {strange or 'null'}")
    table = cells.assign(week=weeks(cells["week"])).rename(columns=CONVERTERS_ONLY).reset_index(drop=True)
    entered, converted = floats(table["entered"]), floats(table["converted"])
    cohort, is_flow = (table["view"].to_numpy() == view for view in ("cohort", "flow"))
    table["dropped"] = table["entered"] - table["converted"] - table["open"]
    table["rate"] = ratio(converted, entered)
    wilson = wilson_interval(np.where(is_flow, 0, converted), np.where(is_flow, 0, entered))
    flow = count_ratio_interval(converted, entered)
    table["ci_low"] = np.where(is_flow, flow[0], wilson[0])
    table["ci_high"] = np.where(is_flow, flow[1], wilson[1])
    window = np.where(cohort, np.nan_to_num(floats(table["window_seconds"])), 0)
    # Between two local midnights across the change to summer time an hour is missing: who entered last may be open yet.
    table["is_mature"] = is_mature(table["week"], window, as_of) & ~(cohort & (floats(table["open"]) > 0))
    table["is_small_sample"] = entered < min_n
    return table.sort_values(STAGE_CONVERSION_KEY, ignore_index=True)[STAGE_CONVERSION_COLUMNS]
