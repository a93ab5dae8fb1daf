"""How it felt: scores with the number of answers, whether touchpoints agree, and what goes with satisfaction.

Add here when another instrument is released. Must not be here: scoring of answers, or words that make an association
a cause.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_pipeline.report.charts import share_chart, trend_chart
from journey_pipeline.report.reading import Picture, Released, Row, spread
from journey_pipeline.report.wording import NO_VALUE, answers, count, day, lift, name, points, share

_WEEKS = 26
_DRIVERS_SHOWN = 6
_STAGES = ("awareness", "consideration", "purchase", "experience", "advocacy")

_SQL = f"""
    with ranked as (select *, dense_rank() over (order by week desc) as nth from experience)
    select week, stage, family, instrument, definition_id, answers::double as answers, score::double as score,
        ci_low::double as ci_low, ci_high::double as ci_high, is_small_sample, reweighted_score::double as reweighted,
        response_rate::double as response_rate
    from ranked where nth <= {_WEEKS} and segment_set = 'all' order by week, definition_id
"""
_BIAS = """
    select instrument, definition_id, answers::double as answers, raw::double as raw, raw_ci_low::double as raw_low,
        raw_ci_high::double as raw_high, reweighted::double as reweighted, reweighted_ci_low::double as low,
        reweighted_ci_high::double as high, effective_answers::double as effective,
        score_left::double as score_left, answers_left::double as answers_left, is_small_sample, note
    from response_bias where week = (select max(week) from response_bias) order by definition_id
"""
_CONSISTENCY = """
    select measure, value::double as value, ci_low::double as ci_low, ci_high::double as ci_high, n::double as n,
        is_headline, is_proxy, is_small_sample, target_mvp::double as target_mvp,
        target_excellence::double as target_excellence, detail
    from consistency where week = (select max(week) from consistency)
"""
_DRIVERS = f"""
    select outcome, driver, level, n::double as n, share::double as share, others_share::double as others_share,
        difference::double as difference, ci_low::double as ci_low, ci_high::double as ci_high,
        adjusted_difference::double as adjusted, q_value::double as q_value
    from experience_drivers where not is_small_sample
    qualify row_number() over (
        partition by outcome order by q_value, abs(difference) desc, driver, level) <= {_DRIVERS_SHOWN}
    order by outcome, q_value, abs(difference) desc, driver, level
"""
# Measures of consistency in the order they are read, and what each says.
_CONSISTENCY_WORDS = {
    "customers_agree": "Customers whose rated touchpoints agree",
    "service_standard_kept": "Stand-in: weeks in which the site kept its service standard",
    "consistently_good": "Customers whose touchpoints agree and are good",
    "coverage": "Customers who rated two touchpoints, of those who rated any",
    "touchpoint_parity": "Worst touchpoint, as a share of the best",
    "touchpoints_in_band": "Answers about touchpoints within 10 points of the mean, and at 70% or above",
    "touchpoint_agreement": "Agreement of touchpoints (1 minus the spread)",
    "worst_gap": "Largest gap of two touchpoints",
    "unscored_touchpoints": "Touchpoints with too few answers",
}
_OUTCOMES = {"purchased": "Bought", "recommends": "Would recommend (9 or 10)", "satisfied": "Satisfied"}


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
        "bias": [_bias(row) for row in released.rows("response_bias", _BIAS)],
        "consistency": _consistency(released.rows("consistency", _CONSISTENCY)),
        "drivers": [_driver(row) for row in released.rows("experience_drivers", _DRIVERS)],
    }


def _bias(row: Row) -> dict[str, Any]:
    form = points if row["instrument"] == "NPS" else share
    left = answers(row["answers_left"]) if row["answers_left"] else "no answers"
    if row["score_left"] is not None:
        left = f"{form(row['score_left'])} of {left}"
    return {
        "question": _question(row["definition_id"]),
        "answers": count(row["answers"]),
        "raw": form(row["raw"]),
        "raw_interval": spread(row["raw_low"], row["raw_high"], form),
        "reweighted": form(row["reweighted"]),
        "interval": spread(row["low"], row["high"], form),
        "effective": count(row["effective"]),
        "left": left,
        "is_small": bool(row["is_small_sample"]),
        "note": row["note"] or "",
    }


def _consistency(rows: list[Row]) -> dict[str, Any] | None:
    """The headline as a sentence, and every measure as a row."""
    head = next((row for row in rows if row["is_headline"] and row["value"] is not None), None)
    places = {measure: place for place, measure in enumerate(_CONSISTENCY_WORDS)}
    shown = sorted((row for row in rows if row["measure"] in places), key=lambda row: places[row["measure"]])
    if not shown:
        return None
    return {
        "headline": _headline(head) if head else "",
        "is_proxy": bool(head and head["is_proxy"]),
        "rows": [
            {
                "label": _CONSISTENCY_WORDS[row["measure"]],
                "value": count(row["value"]) if row["measure"] == "unscored_touchpoints" else share(row["value"]),
                "interval": spread(row["ci_low"], row["ci_high"], share),
                "n": count(row["n"]) if row["ci_low"] is not None else "",
                "is_small": bool(row["is_small_sample"]) and row["ci_low"] is not None,
                "detail": row["detail"] or "",
            }
            for row in shown
        ],
    }


def _headline(row: Row) -> str:
    level = f"{share(row['value'])} ({spread(row['ci_low'], row['ci_high'], share)})"
    goals = [row["target_mvp"], row["target_excellence"]]
    met = [share(goal) for goal in goals if goal is not None and row["value"] >= goal]
    missed = [share(goal) for goal in goals if goal is not None and row["value"] < goal]
    said = [f"at or above {' and '.join(met)}"] if met else []
    said += [f"below {' and '.join(missed)}"] if missed else []
    return f"{_CONSISTENCY_WORDS[row['measure']]}: {level}, {', '.join(said)}."


def _driver(row: Row) -> dict[str, Any]:
    return {
        "outcome": _OUTCOMES.get(row["outcome"], name(row["outcome"])),
        "label": f"{name(row['driver'])}: {name(row['level'])}",
        "n": count(row["n"]),
        "share": share(row["share"]),
        "others": share(row["others_share"]),
        "difference": _points_of(row["difference"]),
        "interval": spread(row["ci_low"], row["ci_high"], _points_of),
        "adjusted": _points_of(row["adjusted"]),
        "q_value": _small(row["q_value"]),
    }


def _small(value: float | None) -> str:
    if value is None:
        return NO_VALUE
    return "under 0.001" if value < 0.001 else f"{value:.3f}"


def _points_of(value: float | None) -> str:
    """A difference of two shares in percentage points."""
    return lift(value).replace("%", " points") if value is not None else lift(value)


def _question(definition_id: str | None) -> str:
    """`CSAT:1-5:delivery_satisfaction` becomes `CSAT 1-5, delivery satisfaction`."""
    instrument, scale, wording = ((definition_id or "") + "::").split(":")[:3]
    return f"{instrument} {scale}, {wording.replace('_', ' ')}" if wording else instrument


def _series(rows: list[Row]) -> list[list[Row]]:
    grouped: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        key = (row["stage"] or "", row["family"] or "", row["instrument"], row["definition_id"])
        grouped.setdefault(key, []).append(row)
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
        "question": _question(row["definition_id"]),
        "reweighted": form(row["reweighted"]),
        "response_rate": "not known" if row["response_rate"] is None else share(row["response_rate"]),
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
            "label": f"{_label(row)}, {row['instrument']} (n {count(row['answers'])})",
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
