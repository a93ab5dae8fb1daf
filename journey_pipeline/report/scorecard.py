"""The KPI scorecard as people read it: what was promised, where it stands, how sure that is.

Add here when a KPI needs its own unit or a status its own word. Must not be here: the status rule itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from journey_pipeline.report.charts import progress_chart
from journey_pipeline.report.reading import Picture, Released, Row, of, spread
from journey_pipeline.report.wording import NO_VALUE, count, lift, money, name, ratio, share

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
_EVIDENCE = {
    "experiment": "experiment",
    "adjusted_before_after": "before and after, adjusted",
    "raw_before_after": "before and after",
}
_TARGET_ORDER = {"mvp": 0, "excellence": 1}

_SQL = """
    select target_set, kpi, name, owner, baseline::double as baseline, target::double as target,
        actual::double as actual, improvement::double as improvement, ci_low::double as ci_low,
        ci_high::double as ci_high, status, evidence, is_small_sample,
        numerator::double as numerator, denominator::double as denominator
    from kpi_scorecard where week = (select max(week) from kpi_scorecard)
    order by target_set, kpi
"""


def scorecard(released: Released) -> dict[str, Any]:
    """Both target sets: rows as text, a picture of progress, and the count for the head of the page."""
    rows = released.rows("kpi_scorecard", _SQL)
    sets: list[dict[str, Any]] = []
    for target_set in sorted({row["target_set"] for row in rows}, key=lambda key: (_TARGET_ORDER.get(key, 9), key)):
        members = [row for row in rows if row["target_set"] == target_set]
        sets.append(
            {
                "name": name(target_set),
                "rows": [_as_text(row, released.currency) for row in members],
                "picture": _picture(members, target_set, len(sets)),
                "reached": sum(row["status"] in {"achieved", "on_track"} for row in members),
            }
        )
    return {"sets": sets}


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


def _unit(row: Row, currency: str) -> Callable[[float | None], str]:
    if row["kpi"] == "customer_lifetime_value":
        return lambda value: money(value, currency)
    if row["kpi"] == "acquisition_efficiency":
        return lambda value: (
            NO_VALUE if value is None else f"{count(value * 1000)} per {currency} 1k".replace("  ", " ")
        )
    values = [row[key] for key in ("baseline", "actual") if row[key] is not None]
    return share if all(0 <= value <= 1 for value in values) else ratio


def _as_text(row: Row, currency: str) -> dict[str, Any]:
    form, level = _unit(row, currency), is_level(row)
    words, sign, tone = STATUSES.get(row["status"], _NO_STATUS)
    interval = spread(row["ci_low"], row["ci_high"], share if level else lift)
    return {
        "name": row["name"] or name(row["kpi"]),
        "owner": row["owner"] or "no owner",
        "status": words,
        "sign": sign,
        "tone": tone,
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
