"""Which weeks of a KPI are compared: the frozen window before the programme, and the latest one.

Holds the choice of weeks and their sums, with the precision of what they pool.
Add here when a window is chosen in another way.
Must not be here: improvement, status (`scorecard`), season (`kpi_adjustment`), any I/O.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.conversion import WEEK, floats, ratio

SUMS = ["numerator", "denominator", "sum_squares"]
# What a window without a week says; `chi_square` is Pearson's over its weeks, `freedom` their number less one.
NOTHING: dict[str, Any] = {
    **dict.fromkeys([*SUMS, "se", "n"], np.nan),
    "from": pd.NaT,
    "until": pd.NaT,
    "chi_square": 0.0,
    "freedom": 0,
}


def windows(cells: pd.DataFrame, kpis: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """One row per week present and KPI, with what its windows `base_` and `current_` pool.

    `cells` are sorted by KPI and week. Of each window: the sums, `se` (standard error of the value), `n` (size of the
    sample), `from` and `until` (its first and last week, named baseline_ for the frozen one). `dispersion` is by how
    much the weeks of both windows vary beyond Poisson counts (Pearson), at least 1.
    """
    present = sorted(cells["week"].unique())
    found = []
    for definition in records(kpis):
        mature = mature_weeks(cells, definition["kpi"])
        is_relative = definition["target_type"] == "relative"
        base = pool(baseline(mature, definition, start), definition)
        for week in present:
            has_begun = week >= start
            now = pool(current(mature, definition, start, week), definition)
            frozen = NOTHING if is_relative and not has_begun else base
            spread = (frozen["chi_square"] + now["chi_square"]) / max(1, frozen["freedom"] + now["freedom"])
            named = [(f"base_{name}", value) for name, value in frozen.items()]
            named += [(f"current_{name}", value) for name, value in now.items()]
            found.append({"week": week, **definition, **dict(named), "dispersion": max(1.0, spread)})
    columns = ["week", *kpis.columns, *(f"{period}_{name}" for period in ("base", "current") for name in NOTHING)]
    table = pd.DataFrame(found, columns=[*columns, "dispersion"])
    days = ["week", *(f"{period}_{end}" for period in ("base", "current") for end in ("from", "until"))]
    numbers = [name for name in table.columns if name.startswith(("base_", "current_")) and name not in days]
    table = table.astype(dict.fromkeys(days, "datetime64[us]") | dict.fromkeys([*numbers, "dispersion"], "float64"))
    return table.rename(columns={"base_from": "baseline_from", "base_until": "baseline_until"})


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as dictionaries by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def mature_weeks(cells: pd.DataFrame, kpi: str) -> pd.DataFrame:
    """The mature cells of one KPI, in order of time."""
    return cells[(cells["kpi"] == kpi) & cells["is_mature"].fillna(False).astype(bool)]


def baseline(mature: pd.DataFrame, definition: dict[str, Any], start: pd.Timestamp) -> pd.DataFrame:
    """The last mature weeks that were over when the programme started."""
    return mature[mature["week"] + WEEK <= start].tail(int(definition["baseline_weeks"]))


def current(mature: pd.DataFrame, definition: dict[str, Any], start: pd.Timestamp, week: pd.Timestamp) -> pd.DataFrame:
    """The last mature weeks up to a week; of a relative KPI in the programme only weeks of the programme."""
    known = mature[mature["week"] <= week]
    if definition["target_type"] == "relative" and week >= start:
        known = known[known["week"] >= start]
    return known.tail(int(definition["current_weeks"]))


def pool(weeks: pd.DataFrame, definition: dict[str, Any]) -> dict[str, Any]:
    """Sums of weeks and how precise their value is.

    A mean: from the sum, the number and the sum of squares of its values. A share of a sum (revenue with a touch
    of all revenue): a proportion whose sample is Kish's effective size, (sum of weights)^2 / sum of squared weights
    (Kish 1965), because a few large orders say less than many equal ones.
    """
    if weeks.empty:
        return NOTHING
    # As many digits as a weight has: what adding up in floating point leaves behind them is no number of anybody.
    total, size, squares = (round(float(floats(weeks[name]).sum()), 9) for name in SUMS)
    is_share = bool(definition.get("is_share") or False)
    value = ratio(total, size)
    variance = ratio(max(squares - float(ratio(total**2, size)), 0.0), size - 1 if size > 1 else np.nan)
    effective = ratio(size**2, squares)
    squared = ratio(value * (1 - value), effective) if is_share else ratio(variance, size)
    expected = floats(weeks["denominator"]) * value
    return {
        "numerator": total,
        "denominator": size,
        "sum_squares": squares,
        "se": float(np.sqrt(np.clip(squared, 0, None))),
        "n": float(effective) if is_share else size,
        "from": weeks["week"].iloc[0],
        "until": weeks["week"].iloc[-1],
        "chi_square": float(np.nansum(ratio((floats(weeks["numerator"]) - expected) ** 2, expected))),
        "freedom": len(weeks) - 1,
    }
