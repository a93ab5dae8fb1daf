"""Did a KPI turn for the worse beyond its control limits.

Holds the limits of each mature week from the twelve mature weeks before it, for every kind of KPI.
Add here the limits of another kind.
Must not be here: Laney's chart itself (`signals`), targets and statuses (`scorecard`), any I/O.

Higher is better in every KPI, so only the lower limit raises an alarm. In a simulation of quiet weeks, whose rates vary
by more than their counts explain, fewer than 1 in 100 weeks of a KPI raise one; the tests hold the number.

Sources: Laney 2002 (p' and u' charts); Shewhart's chart of means with the same floor on the spread of weeks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Floats, floats, ratio
from journey_pipeline.kpi_windows import SUMS, mature_weeks
from journey_pipeline.signals import LIMIT_SIGMAS, MOVING_RANGE, laney_limits

LIMIT_WEEKS = 12
COLUMNS = ("week_value", "lower_limit", "upper_limit", "is_alarm")


def alarms(cells: pd.DataFrame, kpis: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """One row per week present and KPI, of its last mature week: its value, its limits, whether it fell below them.

    `is_alarm` is empty while fewer than twelve mature weeks stand before, and of a week with fewer than `min_n` cases.
    """
    present = pd.DataFrame({"week": sorted(cells["week"].unique())}).astype({"week": "datetime64[us]"})
    frames = [pd.DataFrame(columns=["week", "kpi", *COLUMNS])]
    for kpi, kind, share in zip(kpis["kpi"], kpis["kind"], kpis.get("is_share", [False] * len(kpis)), strict=True):
        mature = mature_weeks(cells, kpi)
        if mature.empty:
            continue
        judged = _judged(mature, str(kind), bool(share), min_n)
        frames.append(pd.merge_asof(present, judged, on="week").assign(kpi=kpi))
    numbers = dict.fromkeys(COLUMNS[:3], "float64")
    return pd.concat(frames, ignore_index=True).astype(
        {"week": "datetime64[us]", "kpi": "object", **numbers, "is_alarm": "boolean"}
    )


def _judged(mature: pd.DataFrame, kind: str, is_share: bool, min_n: int) -> pd.DataFrame:
    total, size, squares = (floats(mature[name]) for name in SUMS)
    value = ratio(total, size)
    cases = ratio(size**2, squares) if is_share else size.copy()
    low, high = np.full(len(value), np.nan), np.full(len(value), np.nan)
    for i in range(LIMIT_WEEKS, len(value)):
        before = slice(i - LIMIT_WEEKS, i)
        if is_share or kind == "proportion":
            limits = laney_limits(cases[before], value[before] * cases[before], cases[i])
            low[i], high[i] = float(limits.low), float(limits.high)
        elif kind == "rate":
            low[i], high[i] = _limits_of_rate(total[before], size[before], size[i])
            cases[i] = size[i] * ratio(total[before].sum(), size[before].sum())  # the events to be expected
        else:
            low[i], high[i] = _limits_of_mean(total[before], size[before], squares[before], size[i])
    is_alarm = pd.array(value < low, dtype="boolean")
    is_alarm[~(np.isfinite(low) & (cases >= min_n))] = pd.NA
    told = {"week": mature["week"].to_numpy(), "week_value": value, "lower_limit": low, "upper_limit": high}
    return pd.DataFrame(told).assign(is_alarm=is_alarm)


def _limits_of_rate(counts: Floats, sizes: Floats, tested: float) -> tuple[float, float]:
    """Laney u': counts per unit of what was spent; without any event, half an event is added."""
    centre = (counts.sum() or 0.5) / sizes.sum()
    noise = np.sqrt(ratio(centre, sizes))
    half = LIMIT_SIGMAS * _spread(ratio(counts, sizes), centre, noise) * np.sqrt(ratio(centre, tested))
    return max(0.0, float(centre - half)), float(centre + half)


def _limits_of_mean(totals: Floats, sizes: Floats, squares: Floats, tested: float) -> tuple[float, float]:
    """Means of weeks around their common mean, with the variance of single values within all of them."""
    centre, size = totals.sum() / sizes.sum(), sizes.sum()
    variance = max(0.0, (squares.sum() - totals.sum() ** 2 / size) / max(1.0, size - 1))
    noise = np.sqrt(ratio(variance, sizes))
    half = LIMIT_SIGMAS * _spread(ratio(totals, sizes), centre, noise) * np.sqrt(ratio(variance, tested))
    return float(centre - half), float(centre + half)


def _spread(values: Floats, centre: float, noise: Floats) -> float:
    """Spread of weeks in units of sampling noise by their moving range, at least 1."""
    z = ratio(values - centre, noise)
    moving = np.abs(np.diff(z[np.isfinite(z)]))
    return max(1.0, float(moving.mean()) / MOVING_RANGE) if len(moving) else 1.0
