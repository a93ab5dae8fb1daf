"""What changed after an action: which estimate it gets, and over which weeks.

Holds the choice of method and weeks.
Add here when an action is measured on something else than the steps of funnels, KPIs and experiments.
Must not be here: the statistics (`effects`), proposals (`action_proposals`), any I/O.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline import effects
from journey_pipeline.action_proposals import ALL, Facts
from journey_pipeline.conversion import WEEK, floats, ratio, weeks
from journey_pipeline.effects import BEFORE_WEEKS, Estimate, Weeks

LEAST_BEFORE = 2
NO_START = "Not started."
NO_WEEKS_YET = "No whole week since the start has had its window yet."
FEW_BEFORE = "Fewer than two whole weeks before the start to compare with."
ROLLING = "Each week of this KPI looks back 90 days, so weeks before and after hold the same people; no effect is told."
NO_MEMBER = "Nothing is counted of the metric or of the member."
NO_RESULT = "Its experiment has no result in this release."
TRENDING = "The weeks before were already moving: read with care."


def measured(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """The estimate of one action, or why there is none: its experiment, else its metric before and after."""
    nothing: dict[str, Any] = {"method": None, "is_incremental": False, "effect_note": None}
    if row["experiment_id"]:
        known = _of_experiment(row, facts.experiments)
        if known:
            return {**nothing, **known}
    if not row["started_on"]:
        return {**nothing, "effect_note": NO_RESULT if row["experiment_id"] else NO_START}
    found = _of_kpi(row, facts) if row["metric"] in set(facts.kpis["kpi"]) else _of_step(row, facts)
    if row["experiment_id"] and found.get("effect_note"):
        found["effect_note"] = f"{NO_RESULT} {found['effect_note']}"
    return {**nothing, **found}


def _of_experiment(row: dict[str, Any], experiments: pd.DataFrame) -> dict[str, Any]:
    """The result of the metric, else of the experiment's first one; none where the lot was not drawn as planned."""
    mine = experiments[(experiments["experiment_id"] == row["experiment_id"]) & experiments["effect"].notna()]
    mine = mine[mine["is_incremental"].astype(bool)]
    named = mine[mine["metric"] == row["metric"]]
    mine = named if len(named) else mine[mine["is_first_metric"].astype(bool)]
    if mine.empty:
        return {}
    best = mine.sort_values(["metric", "variant"]).iloc[0]
    note = f"{effects.ASSUMPTIONS[effects.EXPERIMENT]} Metric {best['metric']}, variant {best['variant']}."
    return {
        "method": effects.EXPERIMENT,
        "effect": float(best["effect"]),
        "effect_low": float(best["ci_low"]),
        "effect_high": float(best["ci_high"]),
        "is_incremental": True,
        "effect_note": note,
    }


def _of_step(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """The member against the other members of its breakdown, or everybody before and after."""
    cells = facts.effect_cells[facts.effect_cells["metric"] == row["metric"]]
    cells = cells[cells["breakdown"] == (row["breakdown"] or ALL)].assign(week=lambda rows: weeks(rows["week"]))
    if cells.empty:
        return {"effect_note": NO_MEMBER}
    is_mine = (cells["member"] == row["member"]) if row["member"] else pd.Series(True, index=cells.index)
    sums = cells.assign(mine=is_mine, open=~cells["is_mature"].astype(bool)).groupby(["week", "mine"])
    counts = sums[["entered", "converted"]].sum().unstack("mine", fill_value=0).sort_index()
    mature = ~sums["open"].any().unstack("mine", fill_value=False).any(axis=1).sort_index()
    counts = counts[mature.to_numpy()]
    if True not in counts["entered"].columns or (row["member"] and False not in counts["entered"].columns):
        return {"effect_note": NO_MEMBER}
    counts = counts[(counts["entered"] > 0).all(axis=1)]
    window = int(cells["window_seconds"].max())
    is_after, chosen, why = _chosen_weeks(row, counts.index, window)
    if why:
        return {"effect_note": why}
    compared, treated = counts.index[chosen], _group(counts, True, chosen)
    if not row["member"]:
        return _told(effects.PRE_POST, effects.pre_post(treated, is_after), compared, is_after, treated, None)
    others = _group(counts, False, chosen)
    estimate = effects.difference_in_differences(treated, others, is_after)
    return _told(effects.DIFFERENCE, estimate, compared, is_after, treated, others)


def _group(counts: pd.DataFrame, mine: bool, chosen: Any) -> Weeks:
    return Weeks(*(counts[name, mine].to_numpy("float64")[chosen] for name in ("entered", "converted")))


def _of_kpi(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """A KPI before and after, from its own weeks; none of one whose weeks overlap."""
    definition = facts.kpis[facts.kpis["kpi"] == row["metric"]].iloc[0]
    if int(definition["current_weeks"]) == 1:
        return {"effect_note": ROLLING}
    cells = facts.kpi_cells[(facts.kpi_cells["kpi"] == row["metric"]) & facts.kpi_cells["is_mature"].astype(bool)]
    cells = cells.assign(week=weeks(cells["week"])).sort_values("week")
    cells = cells[floats(cells["denominator"]) > 0].set_index("week")
    is_after, chosen, why = _chosen_weeks(row, cells.index, 0)
    if why:
        return {"effect_note": why}
    group = Weeks(floats(cells["denominator"])[chosen], floats(cells["numerator"])[chosen])
    if definition["kind"] == "proportion":
        estimate = effects.pre_post(group, is_after)
    else:
        estimate = effects.pre_post_of_ratio(group.converted, group.entered, is_after)
    return _told(effects.PRE_POST, estimate, cells.index[chosen], is_after, group, None)


def _chosen_weeks(row: dict[str, Any], known: pd.Index, window: int) -> tuple[Any, Any, str | None]:
    """Which of the mature weeks are compared, which of them lie after the start, or why there is nothing to compare.

    After: whole weeks since the start and up to the end. Before: the last eight whose people had had their whole window
    when it started, so that it moved nobody of them.
    """
    start = pd.Timestamp(row["started_on"])
    end = pd.Timestamp(row["ended_on"]) + timedelta(days=1) if row["ended_on"] else pd.Timestamp.max
    after = (known >= start) & (known + WEEK <= end)
    before = known + WEEK + np.timedelta64(window, "s") <= start
    if row.get("compare_from"):
        before &= known >= pd.Timestamp(row["compare_from"])
    before = before & (np.cumsum(before[::-1])[::-1] <= BEFORE_WEEKS)
    if not after.any():
        return None, None, NO_WEEKS_YET
    if before.sum() < LEAST_BEFORE or (before | after).sum() < LEAST_BEFORE + 2:
        return None, None, FEW_BEFORE if before.sum() < LEAST_BEFORE else NO_WEEKS_YET
    chosen = before | after
    return after[chosen], chosen, None


def _told(
    method: str, found: Estimate, compared: pd.Index, is_after: Any, treated: Weeks, others: Weeks | None
) -> dict[str, Any]:
    note = effects.ASSUMPTIONS[method] + (f" {TRENDING}" if found.trend_p < 0.05 else "")
    before, after = compared[~is_after], compared[is_after]
    values = {}
    for name, group in (("{}_value", treated), ("others_{}", others)):
        for period, chosen in (("before", ~is_after), ("after", is_after)):
            share = ratio(group.converted[chosen].sum(), group.entered[chosen].sum()) if group else np.nan
            values[name.format(period)] = float(share)
    return {
        "method": method,
        "effect": found.effect,
        "effect_low": found.low,
        "effect_high": found.high,
        "before_from": before.min(),
        "before_until": before.max(),
        "after_from": after.min(),
        "after_until": after.max(),
        **values,
        "dispersion": found.dispersion,
        "trend_before": found.trend,
        "trend_p": found.trend_p,
        "effect_note": note,
    }
