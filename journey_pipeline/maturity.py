"""How much of a young cohort is in yet: the lag curve, completeness, the nowcast and its interval.

Holds: the Kaplan-Meier curve of the time a move takes, its quantiles, the share of the moves a cohort of a given age
has shown so far, the rate it is heading for, and the warning that lags no longer are what they were. The functions
take counts; `add_nowcast` joins them to the table `stage_conversion`.
Add here: a statistic about how long a move takes, or about cohorts whose window is still open.
Must not be here: rates and intervals of closed cohorts (`conversion`), who entered and moved when (SQL in
`journeys`), any I/O.

Lags and ages are whole hours, a lag rounded up and an age rounded down, so that whoever is counted at an hour has
lived through it. Days would be too coarse: many moves take minutes, and a cohort of two days would look worse than
it is.

The curve is fitted on everybody who entered in the last 12 mature weeks and in the open weeks since, the latter
censored at their age. Open weeks belong to it so that there is a curve while fewer than 12 weeks, or none, are
mature; the price is that a nowcast leans on the cohort it speaks of, by the share that cohort has in the curve.
One curve serves all members of a breakdown, each at the ages of its own journeys: most members are too small for one
of their own.

Assumption: the shape of the lags is stable. Where the last four mature weeks moved at another pace than the eight
before, `lag_shift_warning` says so, and the nowcast of that transition is a guess.

Sources: Kaplan and Meier 1958; Greenwood 1926; Wilson 1927; Smirnov 1948 for the distance that is chance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Floats, Numbers, floats, ratio, require_unique, weeks, wilson_interval

FITTED_WEEKS = 12  # mature weeks behind the lag curve: a quarter, long enough to be smooth, short enough to be current
RECENT_WEEKS = 4  # of them, those whose lags are held against the ones before
MIN_COMPLETENESS = 0.8  # from here on a nowcast may stand beside mature rates
LAG_SHIFT = 0.1  # distance of two lag curves above which a nowcast misleads
KS95 = 1.3581  # times sqrt(1/n + 1/m): the distance that two samples of one distribution exceed in one case of 20
HOUR_SECONDS = 3600

TRANSITION = ["funnel", "mode", "from_stage", "to_stage", "window_seconds"]
CELL = [*TRANSITION, "week", "breakdown", "member"]
LAG_CELLS_KEY = [*TRANSITION, "week", "is_moved", "hours"]
ENTRY_AGE_CELLS_KEY = [*CELL, "age_hours"]
LAG_QUANTILES = {"km_median_seconds": 0.5, "km_p75_seconds": 0.75, "km_p90_seconds": 0.9}
NOWCAST_COLUMNS = [
    *LAG_QUANTILES,
    "completeness",
    "rate_nowcast",
    "nowcast_low",
    "nowcast_high",
    "is_reportable",
    "lag_shift_warning",
]


@dataclass(frozen=True)
class LagCurve:
    """Kaplan-Meier curve of the time until a move: one entry for each time at which somebody moved."""

    time: Floats
    at_risk: Floats
    moves: Floats
    survival: Floats

    @property
    def moved(self) -> Floats:
        """Share that has moved by each time."""
        return 1 - self.survival

    @property
    def standard_error(self) -> Floats:
        """Greenwood's standard error of the share; NaN from the time on at which nobody is left."""
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = self.moves / (self.at_risk * (self.at_risk - self.moves))
            return np.asarray(self.survival * np.sqrt(np.cumsum(terms)))

    def moved_by(self, time: Numbers) -> Floats:
        """Share that has moved by any time: a step function, 0 before the first move."""
        steps = np.concatenate(([0.0], self.moved))
        return np.asarray(steps[np.searchsorted(self.time, np.asarray(time, float), side="right")])

    def quantile(self, share: float) -> float:
        """The first time by which at least this share has moved; NaN when it is never reached."""
        # Half of ten people is a product of fractions and may miss one half by a bit.
        reached = np.flatnonzero(self.moved >= share - 1e-12)
        return float(self.time[reached[0]]) if reached.size else float("nan")


def lag_curve(time: Numbers, is_moved: Numbers, journeys: Numbers = 1) -> LagCurve:
    """Kaplan-Meier curve (Kaplan and Meier 1958): S(t) is the product of 1 - moves / at risk over the times up to t.

    `time` is the lag where the journey moved, otherwise the time it has been watched for without a move: its age, or
    the window. Somebody watched for exactly t is still at risk at t. Rows may stand for several `journeys`.
    """
    times, moves, counts = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, float)) for x in (time, is_moved, journeys))
    )
    distinct, place = np.unique(times, return_inverse=True)
    leaving = np.bincount(place, counts, distinct.size).astype(float)
    moving = np.bincount(place, counts * moves, distinct.size).astype(float)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    happens = moving > 0
    at_risk, moving = at_risk[happens], moving[happens]
    return LagCurve(distinct[happens], at_risk, moving, np.asarray(np.cumprod(1 - moving / at_risk)))


def completeness(curve: LagCurve, age: Numbers, window: float) -> Floats:
    """Share of the moves to come within the window for which a journey of this age has had time, by the curve.

    A cohort's completeness is the mean over its journeys. NaN when the curve knows no move within the window: nothing
    is known then about when one comes.
    """
    return ratio(curve.moved_by(np.minimum(np.asarray(age, float), window)), curve.moved_by(window))


def nowcast(converted: Numbers, entered: Numbers, complete: Numbers) -> tuple[Floats, Floats, Floats]:
    """The rate a cohort is heading for and its interval: k / (n c), Wilson of k in an effective n of n c.

    Only the share c of the cohort has been heard, so the interval is that of the smaller sample. A cohort that has
    already moved more than the curve allows for is not heading for more than everybody. NaN where c is 0 or unknown.
    """
    k, n, c = np.broadcast_arrays(*(np.asarray(x, float) for x in (converted, entered, complete)))
    known = np.isfinite(c) & (c > 0)
    heard = np.where(known, np.maximum(n * c, k), 0.0)
    low, high = wilson_interval(np.where(known, k, 0.0), heard)
    return ratio(k, np.where(known, heard, 0.0)), low, high


def shape_distance(one: LagCurve, other: LagCurve, window: float) -> float:
    """Kolmogorov-Smirnov distance of two lag curves, each as a share of its own moves within the window.

    Of their shapes, not of their heights: a rate that doubles with the same lags is no shift. NaN when one has no move.
    """
    heights = one.moved_by(window), other.moved_by(window)
    if not all(heights):
        return float("nan")
    times = np.union1d(one.time, other.time)
    times = times[times <= window]
    return float(np.max(np.abs(one.moved_by(times) / heights[0] - other.moved_by(times) / heights[1])))


def lag_shift(recent: pd.DataFrame, before: pd.DataFrame, window: float, min_n: int) -> bool | None:
    """Whether the lags of two sets of lag cells differ in shape by more than 0.1, and by more than chance explains.

    Chance alone parts two sets of 50 and 100 moves by 0.1 in most weeks: without the second condition the warning would
    stand on every small transition and mean nothing. None below `min_n` moves in one of them.
    """
    one, other = _curve_of(recent), _curve_of(before)
    n, m = float(one.moves.sum()), float(other.moves.sum())
    if min(n, m) < max(min_n, 1):
        return None
    return bool(shape_distance(one, other, window) > max(LAG_SHIFT, KS95 * np.sqrt(1 / n + 1 / m)))


def _hours(transition: Any) -> float:
    return float(np.ceil(transition[-1] / HOUR_SECONDS))


def _curve_of(cells: pd.DataFrame) -> LagCurve:
    return lag_curve(floats(cells["hours"]), cells["is_moved"].to_numpy(bool), floats(cells["journeys"]))


def add_nowcast(
    table: pd.DataFrame, lag_cells: pd.DataFrame, entry_age_cells: pd.DataFrame, min_n: int = 30
) -> pd.DataFrame:
    """`stage_conversion` with NOWCAST_COLUMNS, its rows and their order untouched.

    `lag_cells` counts journeys by week of entry and the hours until they moved or, unmoved, for which they have been
    watched; `entry_age_cells` those of open weeks by member and age. Both know a funnel's default mode only.

    * km_*_seconds: the time by which that share of the week's journeys had moved, for breakdown all; NaN when the share
      has not moved within the window.
    * A mature cohort is complete and is its own nowcast. An open one has a nowcast when its transition has a curve.
      Other views have none.
    * is_reportable: large enough, and mature or complete to 0.8. Only such rows belong in a KPI or a test.
    * lag_shift_warning: about the nowcasts of the transition (see `lag_shift`), so NULL on mature rows, which must
      never change; NULL too while either side has fewer than `min_n` moves.

    Raises ValueError when cells repeat their key.
    """
    require_unique(lag_cells, LAG_CELLS_KEY, "lag_cells")
    require_unique(entry_age_cells, ENTRY_AGE_CELLS_KEY, "entry_age_cells")
    result = table.reset_index(drop=True)
    lag_cells = lag_cells.assign(week=weeks(lag_cells["week"]))
    cohort = result["view"].to_numpy() == "cohort"
    mature = result["is_mature"].to_numpy(bool)
    all_members = cohort & (result["breakdown"] == "all").to_numpy()

    quantiles = _looked_up(result, [*TRANSITION, "week"], _quantiles(lag_cells))
    for name in LAG_QUANTILES:
        result[name] = np.where(all_members, floats(quantiles[name]), np.nan)

    curves, shifts = _fit(lag_cells, result.loc[all_members & mature, [*TRANSITION, "week"]], min_n)
    heard = _looked_up(result, CELL, _completeness_of_cells(curves, entry_age_cells))
    complete = np.where(cohort, np.where(mature, 1.0, floats(heard["completeness"])), np.nan)
    result["completeness"] = complete
    # A flow may exceed one and has no nowcast: its counts are those of different people.
    k, n = (np.where(cohort, floats(result[name]), 0) for name in ("converted", "entered"))
    result["rate_nowcast"], result["nowcast_low"], result["nowcast_high"] = nowcast(k, n, complete)
    result["is_reportable"] = ~result["is_small_sample"].to_numpy(bool) & (mature | (complete >= MIN_COMPLETENESS))
    warning = _looked_up(result, TRANSITION, shifts)["lag_shift_warning"].astype("boolean")
    result["lag_shift_warning"] = warning.where(cohort & ~mature)
    return result


def _looked_up(table: pd.DataFrame, key: list[str], values: pd.DataFrame) -> pd.DataFrame:
    return table[key].merge(values, on=key, how="left", validate="many_to_one")


def _frame(rows: list[list[Any]], columns: list[str], cells: pd.DataFrame) -> pd.DataFrame:
    """Rows as a frame whose key columns keep the types they have in `cells`, however few rows there are."""
    return pd.DataFrame(rows, columns=columns).astype({c: cells[c].dtype for c in columns if c in cells})


def _quantiles(lag_cells: pd.DataFrame) -> pd.DataFrame:
    key = [*TRANSITION, "week"]
    rows = []
    for cell, cells in lag_cells.groupby(key):
        curve = _curve_of(cells)
        rows.append([*cell, *(curve.quantile(share) * HOUR_SECONDS for share in LAG_QUANTILES.values())])
    return _frame(rows, [*key, *LAG_QUANTILES], lag_cells)


def _fit(lag_cells: pd.DataFrame, mature_weeks: pd.DataFrame, min_n: int) -> tuple[dict[Any, LagCurve], pd.DataFrame]:
    """The lag curve of each transition, and whether its lags have shifted."""
    matured = {transition: np.sort(rows["week"]) for transition, rows in mature_weeks.groupby(TRANSITION)}
    curves, shifts = {}, []
    for transition, cells in lag_cells.groupby(TRANSITION):
        closed = matured.get(transition, np.array([], "datetime64[us]"))
        fitted, recent = closed[-FITTED_WEEKS:], closed[-RECENT_WEEKS:]
        curves[transition] = _curve_of(cells[cells["week"].isin(fitted) | ~cells["week"].isin(closed)])
        before = cells[cells["week"].isin(fitted[:-RECENT_WEEKS])]
        shifts.append([*transition, lag_shift(cells[cells["week"].isin(recent)], before, _hours(transition), min_n)])
    return curves, _frame(shifts, [*TRANSITION, "lag_shift_warning"], lag_cells)


def _completeness_of_cells(curves: dict[Any, LagCurve], entry_age_cells: pd.DataFrame) -> pd.DataFrame:
    cells = entry_age_cells.assign(week=weeks(entry_age_cells["week"]))
    ages, journeys = floats(cells["age_hours"]), floats(cells["journeys"])
    heard = np.full(len(cells), np.nan)
    for transition, places in cells.groupby(TRANSITION).indices.items():
        heard[places] = completeness(curves[transition], ages[places], _hours(transition))
    sums: pd.DataFrame = cells.assign(heard=heard * journeys, journeys=journeys).groupby(CELL, as_index=False).sum()
    return sums.assign(completeness=sums["heard"] / sums["journeys"])[[*CELL, "completeness"]]
