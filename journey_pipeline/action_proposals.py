"""Which actions nobody registered yet, and how much any action could win.

Holds what actions are told from, the rules that propose, and the size of the prize of a metric.
Add here a rule that proposes, or another source of a prize.
Must not be here: what an action brought (`action_effects`), the table (`actions`), any I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.conversion import WEEK, floats, weeks
from journey_pipeline.kpi_windows import records
from journey_pipeline.predictions.impact import PLANNED_QUALITY, reduced_drop_off

ALL = "all"
PRIZE_WEEKS = 4
# Pain points that are proposed are among the first so many.
WORST = 3


@dataclass(frozen=True)
class Facts:
    """What actions are proposed from and measured on; every frame is a measure or cells of the same build."""

    effect_cells: pd.DataFrame
    kpi_cells: pd.DataFrame
    kpis: pd.DataFrame
    stages: pd.DataFrame
    scorecard: pd.DataFrame
    improvements: pd.DataFrame
    experiments: pd.DataFrame
    pain_points: pd.DataFrame
    as_of: datetime
    reduction: float = 0.1

    def value_of_a_conversion(self) -> float:
        """What a new customer is worth at 90 days of age, as the scorecard has it; NaN where nobody knows."""
        known = self.scorecard[self.scorecard["kpi"] == "customer_lifetime_value"].sort_values("week")
        return float(known["actual"].iloc[-1]) if len(known) else np.nan


def proposed(registered: list[dict[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """What nobody registered: KPIs off track, and of each funnel the step whose drop-off costs most."""
    taken = {(action["metric"], action["member"]) for action in registered if action["status"] != "dropped"}
    taken_kpis = {action["kpi"] for action in registered if action["status"] != "dropped"}
    found = [*_from_kpis(facts, taken, taken_kpis), *_from_steps(facts, taken), *_from_pain_points(facts, taken)]
    unique: dict[str, dict[str, Any]] = {}
    for row in found:
        unique.setdefault(row["action_id"], row)
    return list(unique.values())


def _proposal(action_id: str, origin: str, **said: Any) -> dict[str, Any]:
    empty = dict.fromkeys(["kpi", "breakdown", "member", "due_on", "started_on", "ended_on", "decision"])
    empty |= dict.fromkeys(["experiment_id", "expected_low", "expected_high", "effort", "hypothesis", "compare_from"])
    return {**empty, "action_id": action_id, "origin": origin, "status": "proposed", "line": None, **said}


def _from_kpis(facts: Facts, taken: set[Any], taken_kpis: set[Any]) -> list[dict[str, Any]]:
    """A KPI that is off track in the last week, in any target set; proposed since it has been so without a break."""
    found = []
    for kpi, rows in facts.scorecard.groupby("kpi", sort=True):
        off = rows.assign(off=rows["verdict"] == "off_track").groupby("week")["off"].any().sort_index()
        if not len(off) or not off.iloc[-1] or kpi in taken_kpis or (kpi, None) in taken:
            continue
        last = rows[rows["week"] == rows["week"].max()].iloc[0]
        said = {"opportunity": f"Bring back on track: {last['name']}", "kpi": kpi, "metric": kpi}
        found.append(_proposal(f"proposed:{kpi}", "kpi", **said, owner=_text(last["owner"]), proposed_on=_since(off)))
    return found


def _from_steps(facts: Facts, taken: set[Any]) -> list[dict[str, Any]]:
    """Of each funnel the step where a smaller drop-off would bring most conversions, in the last week that tells."""
    found = []
    planned = facts.improvements[facts.improvements["is_planned"].astype(bool)]
    planned = planned[~planned["is_small_sample"].astype(bool)]
    for funnel, rows in planned.groupby("funnel", sort=True):
        latest = rows.sort_values(["step", "week"]).groupby("step").tail(1)
        best = latest.sort_values(["extra_conversions", "step"], ascending=[False, True]).iloc[0]
        metric = f"{_prefix(str(funnel))}{best['step']}>{best['next_step']}"
        if (metric, None) in taken:
            continue
        said = {"opportunity": f"Keep more of those who leave between {best['step']} and {best['next_step']}"}
        since = facts.as_of.date()
        owner = _stage_owner(facts, str(funnel), str(best["next_step"]))
        found.append(_proposal(f"proposed:{metric}", "step", **said, metric=metric, owner=owner, proposed_on=since))
    return found


def _from_pain_points(facts: Facts, taken: set[Any]) -> list[dict[str, Any]]:
    """Of the worst three pain points of the last week those that are more than chance; proposed since they are."""
    found: list[dict[str, Any]] = []
    points = facts.pain_points
    if points.empty:
        return found
    points = points.assign(week=weeks(points["week"]), metric=[metric_of(step) for step in points["step"]])
    last = points[(points["week"] == points["week"].max()) & (points["rank"] <= WORST)].sort_values("rank")
    for row in records(last[last["is_signal"].fillna(False).astype(bool) & last["explained_by"].isna()]):
        member = None if row["breakdown"] == ALL else row["member"]
        if (row["metric"], member) in taken:
            continue
        same = points[(points["step"] == row["step"]) & (points["member"] == row["member"])]
        same = same[same["breakdown"] == row["breakdown"]].set_index("week")["is_signal"].fillna(False).astype(bool)
        told = {
            "opportunity": f"Lose fewer at {row['step']}" + (f" ({row['breakdown']} {member})" if member else ""),
            "metric": row["metric"],
            "breakdown": row["breakdown"] if member else None,
            "member": member,
            "owner": _stage_owner(facts, _funnel(row["metric"]), str(row["stage"])),
            "proposed_on": _since(same.sort_index()),
        }
        place = ":".join([row["metric"], *([row["breakdown"], member] if member else [])])
        found.append(_proposal(f"proposed:{place}", "pain_point", **told))
    return found


def metric_of(step: str) -> str:
    """The metric that a step of a pain point is, as the register names it."""
    return step.replace(": ", ":").replace(" to ", ">")


def _funnel(metric: str) -> str:
    return metric.partition(":")[0] if ":" in metric else "journey"


def _since(holds: pd.Series) -> date:
    """The Monday after the first week of the unbroken run in which something holds, up to the last; indexed by week."""
    broken = holds.index[~holds.to_numpy(bool)]
    run = holds.index[holds.index > broken.max()] if len(broken) else holds.index
    return (pd.Timestamp(run.min()) + WEEK).date()


def _stage_owner(facts: Facts, funnel: str, stage: str) -> str | None:
    known = facts.stages[(facts.stages["funnel"] == funnel) & (facts.stages["stage"] == stage)]["owner"]
    return _text(known.iloc[0]) if len(known) else None


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _prefix(funnel: str) -> str:
    return "" if funnel == "journey" else f"{funnel}:"


def prize(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """What can be won a week, its interval, its worth where one is known, and the change of the metric it presumes."""
    kpis = set(facts.kpis["kpi"])
    found = _prize_of_kpi(row["metric"], facts) if row["metric"] in kpis else _prize_of_step(row, facts)
    return {
        "prize": np.nan,
        "prize_low": np.nan,
        "prize_high": np.nan,
        "prize_unit": None,
        "prize_value": np.nan,
        "presumed": np.nan,
        **found,
    }


def _prize_of_step(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Of everybody what a planned improvement brings, else what is lost beyond the usual, else who would go on."""
    if row["member"]:
        return _prize_of_pain(row, facts.pain_points)
    return (
        _prize_of_plan(row["metric"], facts)
        or _prize_of_pain(row, facts.pain_points)
        or _prize_of_cells(row["metric"], facts)
    )


def _prize_of_pain(row: dict[str, Any], points: pd.DataFrame) -> dict[str, Any]:
    """What the step loses beyond its usual in the last week, as the pain point values it."""
    if points.empty:
        return {}
    mine = points[
        (points["step"].map(metric_of) == row["metric"])
        & (points["breakdown"] == (row["breakdown"] or ALL))
        & (points["member"] == (row["member"] or ALL))
        & points["drop_reference"].notna()
    ].sort_values("week")
    if mine.empty:
        return {}
    last = mine.iloc[-1]
    entered, usual = float(last["entered"]), float(last["drop_reference"])
    low, high = (max(0.0, entered * (float(last[end]) - usual)) for end in ("ci_low", "ci_high"))
    return {
        "prize": float(last["excess"]),
        "prize_low": low,
        "prize_high": high,
        "presumed": float(last["excess"]) / entered,
        "prize_unit": "lost a week beyond the usual",
        "prize_value": float(last["value_at_stake"]),
    }


def _prize_of_plan(metric: str, facts: Facts) -> dict[str, Any]:
    """Conversions that a planned improvement brings."""
    planned = facts.improvements[facts.improvements["is_planned"].astype(bool)]
    names = [
        f"{_prefix(f)}{a}>{b}" for f, a, b in zip(planned["funnel"], planned["step"], planned["next_step"], strict=True)
    ]
    mine = planned[np.array(names, dtype=object) == metric].sort_values("week") if names else planned
    if len(mine):
        last = mine.iloc[-1]
        extra, low, high = (float(last[name]) for name in ("extra_conversions", "ci_low", "ci_high"))
        return {
            "prize": extra,
            "prize_low": low,
            "prize_high": high,
            "presumed": last["reduction"] * last["drop_off"],
            "prize_unit": f"conversions a week, were the drop-off {last['reduction']:.0%} smaller",
            "prize_value": extra * facts.value_of_a_conversion(),
        }
    return {}


def _prize_of_cells(metric: str, facts: Facts) -> dict[str, Any]:
    """Who would get through a step that leads to no conversion."""
    cells = facts.effect_cells
    mine = cells[(cells["metric"] == metric) & (cells["breakdown"] == ALL) & cells["is_mature"].astype(bool)]
    mine = mine.assign(week=weeks(mine["week"])).sort_values("week").tail(PRIZE_WEEKS)
    n, k = float(floats(mine["entered"]).sum()), float(floats(mine["converted"]).sum())
    if n == 0:
        return {}
    won = reduced_drop_off(np.array([n]), np.array([k]), 0, facts.reduction, PLANNED_QUALITY)
    return {
        **{
            name: float(value) / len(mine)
            for name, value in zip(("prize", "prize_low", "prize_high"), won[1:], strict=True)
        },
        "prize_unit": f"more a week who get through, were the drop-off {facts.reduction:.0%} smaller",
        "presumed": facts.reduction * (1 - k / n),
    }


def _prize_of_kpi(kpi: str, facts: Facts) -> dict[str, Any]:
    """What the first target asks more than there is, a week, over the weeks that the scorecard pools."""
    rows = facts.scorecard[(facts.scorecard["kpi"] == kpi) & (facts.scorecard["target_set"] == "mvp")]
    if rows.empty:
        return {}
    last = rows.sort_values("week").iloc[-1]
    definition = facts.kpis[facts.kpis["kpi"] == kpi].iloc[0]
    level = definition["target_type"] == "level"
    ends = [
        float(last[end]) if level else float(last["baseline"]) * (1 + float(last[end]))
        for end in ("ci_high", "actual" if level else "improvement", "ci_low")
    ]
    size = float(last["denominator"]) / float(definition["current_weeks"])
    low, middle, high = (max(0.0, float(last["target_value"]) - end) * size for end in ends)
    is_money = kpi == "customer_lifetime_value"
    worth = 1.0 if is_money else facts.value_of_a_conversion() if kpi == "acquisition_efficiency" else np.nan
    return {
        "prize": middle,
        "prize_low": low,
        "prize_high": high,
        "prize_value": middle * worth,
        "presumed": max(0.0, float(last["target_value"]) - float(last["actual"])),
        "prize_unit": f"short of the first target a week: {_text(definition['numerator_name'])}",
    }
