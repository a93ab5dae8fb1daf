"""What is left of a KPI's improvement after mix and season.

Holds the improvement at equal mix (from `weekly_signals`), the season of any KPI from the same weeks a year before, and
the two together.
Add here another known reason why a KPI moves that nobody worked for.
Must not be here: how members are weighed (`signals`), the raw improvement and the status (`scorecard`), any I/O.

Assumes that without the programme this year would have run in parallel to the one before. An adjusted before and after
is no experiment.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95, floats, ratio, relative_change
from journey_pipeline.kpi_windows import baseline, current, mature_weeks, pool, records

# 52 weeks, so that Mondays meet Mondays.
YEAR = pd.Timedelta(days=364)
KINDS = ("mix", "season", "mix_and_season")
NUMBERS = ("adjusted_improvement", "adjusted_low", "adjusted_high")
COLUMNS = (*NUMBERS, "adjusted_for", "adjustment_note")
NO_MIX = "Mix: its weeks are not counted by channel and device of entry and new or returning."
NO_MIX_YET = "Mix: needs a baseline and a current window with two members or more that are not small."
NO_YEAR = "Season: needs the same weeks a year before, which the data do not hold."
NO_LEVEL = "A level is held against its target as it is; mix and season are not taken out."
NO_BASELINE = "No baseline or no value to compare."


class _Factor(NamedTuple):
    """A ratio of two values on the log scale, and its variance."""

    log: float
    variance: float


def adjusted(
    rows: pd.DataFrame, cells: pd.DataFrame, signals: pd.DataFrame | None, start: pd.Timestamp
) -> pd.DataFrame:
    """Rows of `kpi_windows.windows` with COLUMNS.

    What is left is (1 + improvement at equal mix) / (value a year ago / value of the baseline's weeks a year ago) - 1;
    log variances add up. One of the two that is not known is left out, and the note says why.
    """
    definitions = {row["kpi"]: row for row in records(rows.drop_duplicates("kpi"))}
    history = {kpi: mature_weeks(cells, kpi) for kpi in definitions}
    at_equal_mix = _mix(signals)
    found = [_of_row(row, at_equal_mix, history[row["kpi"]], definitions[row["kpi"]], start) for row in records(rows)]
    table = pd.DataFrame(found, columns=list(COLUMNS), index=rows.index)
    table = table.astype(dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(COLUMNS[3:], "object"))
    return pd.concat([rows, table], axis=1)


def _of_row(
    row: dict[str, Any],
    at_equal_mix: dict[tuple[str, pd.Timestamp], _Factor],
    mature: pd.DataFrame,
    definition: dict[str, Any],
    start: pd.Timestamp,
) -> list[Any]:
    unknown = [np.nan, np.nan, np.nan, None]
    if row["target_type"] != "relative":
        return [*unknown, NO_LEVEL]
    raw = _raw(row)
    if raw is None:
        return [*unknown, NO_BASELINE]
    metric = row.get("mix_metric")
    mix = at_equal_mix.get((metric, row["current_until"])) if isinstance(metric, str) else None
    season = _season(mature, definition, start, row["week"])
    note = [] if mix else [NO_MIX_YET if isinstance(metric, str) else NO_MIX]
    note += [] if season else [NO_YEAR]
    kind = {(True, False): "mix", (False, True): "season", (True, True): "mix_and_season"}.get(
        (bool(mix), bool(season))
    )
    if kind is None:
        return [*unknown, " ".join(note)]
    base = mix or raw
    log, variance = base.log - (season.log if season else 0.0), base.variance + (season.variance if season else 0.0)
    half = Z95 * np.sqrt(variance)
    return [*np.expm1([log, log - half, log + half]), kind, " ".join(note) or None]


def _raw(row: dict[str, Any]) -> _Factor | None:
    before, after = (
        {name: row[f"{period}_{name}"] for name in ("numerator", "denominator", "se", "n")}
        for period in ("base", "current")
    )
    return _change(before, after, row["kind"], row["dispersion"])


def _mix(signals: pd.DataFrame | None) -> dict[tuple[str, pd.Timestamp], _Factor]:
    """The improvement at equal mix by metric and last week of its window."""
    if signals is None:
        return {}
    known = signals[floats(signals["mix_adjusted_lift_low"]) > -1]
    low, high = (np.log1p(floats(known[f"mix_adjusted_lift_{end}"])) for end in ("low", "high"))
    middle, se = np.log1p(floats(known["mix_adjusted_lift"])), (high - low) / 2 / Z95
    keys = zip(known["metric"], pd.to_datetime(known["week"]), strict=True)
    return {key: _Factor(float(log), float(s) ** 2) for key, log, s in zip(keys, middle, se, strict=True)}


def _season(
    mature: pd.DataFrame, definition: dict[str, Any], start: pd.Timestamp, week: pd.Timestamp
) -> _Factor | None:
    """How the same weeks moved a year before; weeks of the programme tell no season."""
    earlier = mature[mature["week"] < start]
    before, after = (
        earlier[earlier["week"].isin(chosen["week"] - YEAR)] if len(chosen) else chosen
        for chosen in (baseline(mature, definition, start), current(mature, definition, start, week))
    )
    complete = len(before) == len(baseline(mature, definition, start)) and len(after) == len(
        current(mature, definition, start, week)
    )
    if not complete or before.empty or after.empty:
        return None
    return _change(pool(before, definition), pool(after, definition), definition["kind"], 1.0)


def _change(before: dict[str, Any], after: dict[str, Any], kind: str, dispersion: float) -> _Factor | None:
    """ln(after / before) and its variance by kind of KPI; None where there is none."""
    values = [float(ratio(window["numerator"], window["denominator"])) for window in (before, after)]
    variance = 0.0
    for window, value in zip((before, after), values, strict=True):
        if kind == "proportion":
            variance += float(ratio(1.0, window["numerator"]) - ratio(1.0, window["denominator"]))
        elif kind == "rate":
            variance += float(ratio(1.0, window["numerator"])) * dispersion
        else:
            variance += float(ratio(window["se"], value)) ** 2
    change, low, _ = relative_change(values[0], values[1], variance)
    return _Factor(float(np.log1p(change)), variance) if np.isfinite(change) and np.isfinite(low) else None
