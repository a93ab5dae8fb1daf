"""How it felt: recommendation (NPS) and satisfaction (CSAT), always with the number of answers.

Add here when another instrument is released. Must not be here: scoring of answers.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_pipeline.report.charts import share_chart, trend_chart
from journey_pipeline.report.reading import Picture, Released, Row, spread
from journey_pipeline.report.wording import answers, count, day, name, points, share

_WEEKS = 26
_STAGES = ("awareness", "consideration", "purchase", "experience", "advocacy")

_SQL = f"""
    with ranked as (select *, dense_rank() over (order by week desc) as nth from experience)
    select week, stage, family, instrument, answers::double as answers, score::double as score,
        ci_low::double as ci_low, ci_high::double as ci_high, is_small_sample
    from ranked where nth <= {_WEEKS} order by week
"""


def experience(released: Released) -> dict[str, Any]:
    """The latest week of every rated stage, the NPS over time, and pictures of both."""
    rows = [row for row in released.rows("experience", _SQL) if row["score"] is not None]
    latest = [_latest(series) for series in _series(rows)]
    recommended = [row for row in rows if row["instrument"] == "NPS"]
    return {
        "nps": [_text(row) for row in latest if row["instrument"] == "NPS"],
        "csat": [_text(row) for row in latest if row["instrument"] != "NPS"],
        "nps_picture": _nps_picture(recommended),
        "csat_picture": _csat_picture([row for row in latest if row["instrument"] != "NPS"]),
        "weeks": [_text(row) for row in reversed(recommended)],
    }


def _series(rows: list[Row]) -> list[list[Row]]:
    grouped: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["stage"] or "", row["family"] or "", row["instrument"]), []).append(row)
    rank = {stage: number for number, stage in enumerate(_STAGES)}
    return [grouped[key] for key in sorted(grouped, key=lambda key: (rank.get(key[0], 9), key))]


def _latest(series: list[Row]) -> Row:
    return max(series, key=lambda row: row["week"])


def _label(row: Row) -> str:
    return f"{name(row['stage'])}, {name(row['family']).lower()}"


def _text(row: Row) -> dict[str, Any]:
    form = points if row["instrument"] == "NPS" else share
    return {
        "label": _label(row),
        "instrument": name(row["instrument"]),
        "week": day(row["week"]),
        "score": form(row["score"]),
        "interval": spread(row["ci_low"], row["ci_high"], form),
        "answers": count(row["answers"]),
        "of_answers": answers(row["answers"]),
        "is_small": bool(row["is_small_sample"]),
    }


def _nps_picture(rows: list[Row]) -> Picture | None:
    if not rows:
        return None
    frame = pd.DataFrame(
        {
            "panel": _label(row),
            "week": row["week"],
            "value": row["score"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "is_open": bool(row["is_small_sample"]),
        }
        for row in rows
    )
    last = rows[-1]
    label = (
        "Recommendation score (NPS) by week with its interval; hollow points rest on few answers. "
        f"Latest: {points(last['score'])} from {answers(last['answers'])} in the week of {day(last['week'])}."
    )

    def draw(data: pd.DataFrame, *, width: int) -> Any:
        return trend_chart(data, axis_format="+.0f", axis_title="NPS, points", width=width)

    return Picture(label, draw, frame, "nps")


def _csat_picture(rows: list[Row]) -> Picture | None:
    if not rows:
        return None
    frame = pd.DataFrame(
        {
            "label": f"{_label(row)} (n {count(row['answers'])})",
            "value": row["score"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "is_small": bool(row["is_small_sample"]),
        }
        for row in rows
    )
    said = ", ".join(f"{_label(row)} {share(row['score'])} from {answers(row['answers'])}" for row in rows)

    def draw(data: pd.DataFrame, *, width: int) -> Any:
        return share_chart(data, axis_title="Share of satisfied answers", width=width)

    return Picture(f"Satisfied answers by stage, latest week, with intervals: {said}.", draw, frame, "csat")
