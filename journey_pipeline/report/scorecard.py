"""The KPI scorecard as people read it: what was promised, where it stands, how sure that is.

Add here when a KPI needs its own unit or a status its own word. Must not be here: the status rule itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from journey_pipeline.report.charts import progress_chart
from journey_pipeline.report.reading import Picture, Released, Row, of, spread
from journey_pipeline.report.wording import NO_VALUE, count, day, lift, money, name, ratio, share, short_day, span

# status -> (words, sign, tone); the sign and the words carry the meaning, the tone only repeats it.
STATUSES = {
    "achieved": ("Achieved", "✔", "good"),
    "on_track": ("On track", "▲", "good"),
    "improving": ("Improving", "↗", "fair"),
    "inconclusive": ("Cannot tell yet", "?", "open"),
    "below_target": ("Below target", "▼", "poor"),
    "declining": ("Declining", "▼", "poor"),
}
_NO_STATUS = ("No data yet", "–", "open")
VERDICTS = {
    "on_track": ("On track", "✔", "good"),
    "off_track": ("Off track", "▼", "poor"),
    "not_yet_knowable": ("Not yet knowable", "?", "open"),
}
_ADJUSTED_FOR = {
    "mix": "at equal mix",
    "season": "against last year",
    "mix_and_season": "at equal mix, against last year",
}
_EVIDENCE = {
    "experiment": "experiment",
    "adjusted_before_after": "before and after, adjusted",
    "raw_before_after": "before and after",
}
_TO_SUNDAY = timedelta(days=6)
_TARGET_ORDER = {"mvp": 0, "excellence": 1}

_SQL = """
    select target_set, kpi, name, owner, baseline::double as baseline, target::double as target,
        actual::double as actual, improvement::double as improvement, ci_low::double as ci_low,
        ci_high::double as ci_high, status, evidence, is_small_sample,
        numerator::double as numerator, denominator::double as denominator, verdict, formula, query,
        adjusted_improvement, adjusted_low, adjusted_high, adjusted_for, adjustment_note,
        baseline_from, baseline_until, current_from, current_until, is_alarm, note
    from kpi_scorecard where week = {week}
    order by target_set, kpi
"""
LATEST = "(select max(week) from kpi_scorecard)"


def scorecard(released: Released, week: date | None = None) -> dict[str, Any]:
    """Both target sets of the last week, or of a given one: rows as text, a picture, the count for the page's head."""
    chosen = f"date '{week}'" if week else LATEST
    rows = released.rows("kpi_scorecard", _SQL.format(week=chosen))
    sets: list[dict[str, Any]] = []
    for target_set in sorted({row["target_set"] for row in rows}, key=lambda key: (_TARGET_ORDER.get(key, 9), key)):
        members = [row for row in rows if row["target_set"] == target_set]
        sets.append(
            {
                "name": name(target_set),
                "rows": [_as_text(row, released.currency) for row in members],
                "picture": None if week else _picture(members, target_set, len(sets)),
                "reached": sum(row["verdict"] == "on_track" for row in members),
            }
        )
    told = {row["kpi"]: row for row in rows if row["query"]}
    return {"sets": sets, "queries": [_query(row) for _, row in sorted(told.items())]}


def is_level(row: Row) -> bool:
    """Whether the target is a level of the KPI itself and not an improvement over its baseline.

    The table gives the interval of whichever number is held against the target, so the interval tells.
    """
    if row["ci_low"] is None or row["ci_high"] is None:
        return bool(row["status"] == "below_target")
    improvement, actual = row["improvement"], row["actual"]
    if improvement is not None and row["ci_low"] <= improvement <= row["ci_high"]:
        return False
    return actual is not None and bool(row["ci_low"] <= actual <= row["ci_high"])


def _query(row: Row) -> dict[str, str]:
    """How the numbers of one KPI can be told again; they are the same for every target set."""
    windows = [f"now: {span(short_day(row['current_from']), short_day(row['current_until'] + _TO_SUNDAY))}"]
    if row["baseline_from"] is not None:
        first, last = day(row["baseline_from"]), day(row["baseline_until"] + _TO_SUNDAY)
        windows.insert(0, f"baseline: {span(first, last)}")
    return {
        "name": row["name"] or name(row["kpi"]),
        "formula": row["formula"] or "",
        "windows": "; ".join(windows),
        "result": f"{row['numerator']:,.2f} / {row['denominator']:,.2f}",
        "sql": row["query"],
    }


def unit(row: Row, currency: str) -> Callable[[float | None], str]:
    """How values of a KPI are written; `row` holds its name and the values that are shown beside each other."""
    if row["kpi"] == "customer_lifetime_value":
        return lambda value: money(value, currency)
    if row["kpi"] == "acquisition_efficiency":
        return lambda value: (
            NO_VALUE if value is None else f"{count(value * 1000)} per {currency} 1k".replace("  ", " ")
        )
    values = [row[key] for key in ("baseline", "actual") if row[key] is not None]
    return share if all(0 <= value <= 1 for value in values) else ratio


def _as_text(row: Row, currency: str) -> dict[str, Any]:
    form, level = unit(row, currency), is_level(row)
    words, sign, tone = STATUSES.get(row["status"], _NO_STATUS)
    interval = spread(row["ci_low"], row["ci_high"], share if level else lift)
    return {
        "name": row["name"] or name(row["kpi"]),
        "owner": row["owner"] or "no owner",
        "status": words,
        "sign": sign,
        "tone": tone,
        "verdict": VERDICTS.get(row["verdict"], VERDICTS["not_yet_knowable"]),
        "is_alarm": bool(row["is_alarm"]),
        "adjusted": lift(row["adjusted_improvement"]) if row["adjusted_improvement"] is not None else "not told",
        "adjusted_interval": spread(row["adjusted_low"], row["adjusted_high"], lift),
        "adjusted_for": _ADJUSTED_FOR.get(row["adjusted_for"], ""),
        "adjustment_note": row["adjustment_note"] or "",
        "baseline": form(row["baseline"]),
        "actual": form(row["actual"]),
        "counts": of(row["numerator"], row["denominator"]) if form is share else "",
        "change": lift(row["improvement"]),
        "target": share(row["target"]) if level else lift(row["target"]),
        "target_kind": "level" if level else "on baseline",
        "interval": interval and f"{'level' if level else 'change'} {interval}",
        "evidence": _EVIDENCE.get(row["evidence"], name(row["evidence"])),
        "is_small": bool(row["is_small_sample"]),
    }


def _picture(rows: list[Row], target_set: str, number: int) -> Picture | None:
    points = []
    for row in rows:
        tested = row["actual"] if is_level(row) else row["improvement"]
        if tested is None or not row["target"] or row["ci_low"] is None or row["ci_high"] is None:
            continue
        scaled = [value / row["target"] for value in (tested, row["ci_low"], row["ci_high"])]
        points.append({"label": row["name"], "value": scaled[0], "low": scaled[1], "high": scaled[2]})
    if not points:
        return None
    said = ", ".join(f"{point['label']} {share(point['value'])}" for point in points)
    label = f"{name(target_set)}: share of the way to each target, with intervals. {said}."
    return Picture(label, progress_chart, pd.DataFrame(points), f"kpi{number}")
