"""The five stages as people move through them, week by week.

Add here when the funnel needs another view. Must not be here: rates of its own; they come released.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from journey_pipeline.report.charts import funnel_chart
from journey_pipeline.report.reading import Picture, Released, Row, of, spread
from journey_pipeline.report.wording import day, name, share, short_day

_WEEKS = 26

_SQL = f"""
    with recent as (
        select *, dense_rank() over (order by week desc) as nth from stage_conversion
        where view = 'cohort' and breakdown = 'all' and funnel = 'journey' and is_default_mode
    )
    select week, from_stage, to_stage, window_seconds / 86400 as days, entered::double as entered,
        converted::double as converted, rate::double as rate, ci_low::double as ci_low, ci_high::double as ci_high,
        is_mature, is_small_sample, completeness::double as completeness, rate_nowcast::double as rate_nowcast,
        nowcast_low::double as nowcast_low, nowcast_high::double as nowcast_high, is_reportable
    from recent where nth <= {_WEEKS} order by week
"""

_STAGES = ("awareness", "consideration", "purchase", "experience", "advocacy")
_END_TO_END = ("awareness", "purchase")


def funnel(released: Released) -> dict[str, Any]:
    """Steps with their latest settled week, all weeks, one picture, and the end-to-end step for the head."""
    rows = released.rows("stage_conversion", _SQL)
    steps = [_step(key, [row for row in rows if _key(row) == key]) for key in _ordered({_key(row) for row in rows})]
    end_to_end = next((step for step in steps if step["is_end_to_end"]), None)
    return {"steps": steps, "picture": _picture(steps), "end_to_end": end_to_end}


def _key(row: Row) -> tuple[str, str]:
    return row["from_stage"], row["to_stage"]


def _ordered(keys: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each step to the next stage in their order, and last the way to purchase."""
    return [key for key in [*pairwise(_STAGES), _END_TO_END] if key in keys]


def _step(key: tuple[str, str], rows: list[Row]) -> dict[str, Any]:
    settled = [row for row in rows if row["is_mature"] and row["rate"] is not None]
    title = f"{name(key[0])} → {name(key[1])}"
    is_end_to_end = key == _END_TO_END
    return {
        "title": f"End to end: {title}" if is_end_to_end else title,
        "is_end_to_end": is_end_to_end,
        "days": f"{rows[0]['days']:,.0f}",
        "latest": _week(settled[-1]) if settled else None,
        "weeks": [_week(row) for row in reversed(rows)],
        "open_weeks": sum(not row["is_mature"] for row in rows),
        "rows": rows,
    }


def _week(row: Row) -> dict[str, Any]:
    return {
        "week": day(row["week"]),
        "short": short_day(row["week"]),
        "rate": share(row["rate"]),
        "counts": of(row["converted"], row["entered"]),
        "interval": spread(row["ci_low"], row["ci_high"], share),
        "is_open": not row["is_mature"],
        "is_small": bool(row["is_small_sample"]),
        "heading": _heading(row),
    }


def _heading(row: Row) -> str:
    """Where an open week is heading, once four fifths of its moves have had their time."""
    if row["is_mature"] or not row["is_reportable"] or row["rate_nowcast"] is None:
        return ""
    return f"{share(row['rate_nowcast'])} ({spread(row['nowcast_low'], row['nowcast_high'], share)})"


def _picture(steps: list[dict[str, Any]]) -> Picture | None:
    points = [
        {
            "panel": step["title"],
            "week": row["week"],
            "value": row["rate"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "is_open": not row["is_mature"],
        }
        for step in steps
        for row in step["rows"]
        if row["rate"] is not None
    ]
    if not points:
        return None
    said = "; ".join(
        f"{step['title']} {step['latest']['rate']} in the week of {step['latest']['week']}"
        for step in steps
        if step["latest"]
    )
    label = f"Weekly conversion of each step with its interval; hollow points are weeks still open. {said}."
    return Picture(label, funnel_chart, pd.DataFrame(points), "funnel")
