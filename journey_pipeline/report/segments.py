"""Who the customers are now, and who moved since the week before.

Add here when a segment set needs another column. Must not be here: the rules that make a segment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from journey_pipeline.report.charts import bar_chart
from journey_pipeline.report.reading import Picture, Released, Row, of, spread
from journey_pipeline.report.wording import count, money, name, ratio, share, signed

# Sets in this order; the rest follows by name. The first few are drawn, the others folded: more would say less.
_ORDER = ("rfm", "lifecycle", "persona", "value", "engagement", "behaviour", "product", "channel", "demographic")
_SET_ORDER = {name: place for place, name in enumerate(_ORDER)}
_DRAWN = ("rfm", "lifecycle", "persona")
# What a page has room for; the table has them all.
_SHOWN = ("purchase_rate", "revenue_per_customer", "conversion_rate", "retention_90_days", "nps")
_MOST_MEMBERS = 15
_SIZE_METRICS = ("customers", "customer_share", "share", "size")
_MOVES = 8
# Who has not bought is many times as many as the rest: last in the table, and no bar that would hide the others.
_NOT_BUYERS = ("prospect", "not_rated", "silent_contact", "no_purchase", "none", "absent", "inactive", "silent",
               "not_clustered", "unknown")  # fmt: skip

_METRICS = """
    with ranked as (select *, dense_rank() over (order by week desc) as nth from segment_metrics)
    select nth, segment_set, coalesce(segment, '(none)') as segment, metric,
        numerator::double as numerator, denominator::double as denominator,
        value::double as value, ci_low::double as ci_low, ci_high::double as ci_high, is_small_sample,
        is_suppressed, reason
    from ranked where nth <= 2 order by segment_set, segment, metric
"""
_MIGRATION = f"""
    select segment_set, from_segment, to_segment, customers::double as customers, share::double as share,
        ci_low::double as ci_low, ci_high::double as ci_high, is_small_sample
    from segment_migration
    where week = (select max(week) from segment_migration) and from_segment is distinct from to_segment
        and from_segment <> 'not_yet_known'
    qualify row_number() over (partition by segment_set order by customers desc, from_segment, to_segment) <= {_MOVES}
    order by segment_set, customers desc, from_segment, to_segment
"""


def segments(released: Released) -> dict[str, Any]:
    """Segment sets with sizes now, the change since last week, other metrics, and the largest moves."""
    rows = released.rows("segment_metrics", _METRICS)
    moves = released.rows("segment_migration", _MIGRATION)
    described = {
        (row["segment_set"], row["segment"]): row["description"]
        for row in released.rows(
            "segments", "select segment_set, segment, description from segments order by valid_from"
        )
    }
    known = {
        row["segment_set"]: _known(row)
        for row in released.rows("segment_sets", "select segment_set, known_share, reason from segment_sets")
    }
    keys = sorted({row["segment_set"] for row in rows + moves}, key=lambda key: (_SET_ORDER.get(key, 9), key))
    return {
        "sets": [
            _set(
                key,
                [row for row in rows if row["segment_set"] == key],
                [_move(row) for row in moves if row["segment_set"] == key],
                described,
                released.currency,
            )
            | {"known": known.get(key, "")}
            for key in keys
        ]
    }


def _known(row: Row) -> str:
    """Of how many customers a set can say something, and why not of the others."""
    if row["known_share"] is None or (row["known_share"] == 1 and not row["reason"]):
        return ""
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{share(row['known_share'])} of customers are known to it{why}."


def _set(
    key: str,
    rows: list[Row],
    moves: list[dict[str, Any]],
    described: dict[tuple[str, str], str],
    currency: str,
) -> dict[str, Any]:
    now = _by_segment([row for row in rows if row["nth"] == 1])
    before = _by_segment([row for row in rows if row["nth"] == 2])
    total = sum(_size(metrics) for metrics in now.values())
    # A segment that nobody is in or was in says nothing; nor does a column in which nobody has a value.
    present = [segment for segment in now if _size(now[segment]) or _size(before.get(segment, {}))]
    order = sorted(present, key=lambda segment: (segment in _NOT_BUYERS, -_size(now[segment]), segment))
    told = {row["metric"] for row in rows if row["nth"] == 1 and row["value"] is not None and not row["is_suppressed"]}
    metrics = [metric for metric in _SHOWN if metric in told]
    members = []
    for segment in order[:_MOST_MEMBERS]:
        size = _size(now[segment])
        change = size - _size(before[segment]) if segment in before else None
        members.append(
            {
                "name": name(segment),
                "description": described.get((key, segment), ""),
                "customers": count(size),
                "share": share(size / total) if total else "",
                "change": signed(change) if change is not None else "new",
                "metrics": [_metric(now[segment].get(metric), currency) for metric in metrics],
            }
        )
    return {
        "name": name(key),
        "total": count(total),
        "members": members,
        "metrics": [name(metric) for metric in metrics],
        "moves": moves,
        "left_out": max(len(order) - _MOST_MEMBERS, 0),
        "picture": _picture(key, order, now) if key in _DRAWN else None,
        "is_open": key in _DRAWN,
    }


def _by_segment(rows: list[Row]) -> dict[str, dict[str, Row]]:
    grouped: dict[str, dict[str, Row]] = {}
    for row in rows:
        grouped.setdefault(row["segment"], {})[row["metric"]] = row
    return grouped


def _size(metrics: dict[str, Row]) -> float:
    """Customers in a segment: the numerator of its size metric, else the largest denominator."""
    for metric in _SIZE_METRICS:
        if metric in metrics:
            return float(metrics[metric]["numerator"] or 0)
    return float(max((row["denominator"] or 0 for row in metrics.values()), default=0))


def _metric(row: Row | None, currency: str) -> dict[str, Any]:
    if row is not None and row["is_suppressed"]:
        return {"value": "withheld", "note": row["reason"] or "", "is_small": False}
    if row is None or row["value"] is None:
        return {"value": "–", "note": row["reason"] or "" if row else "", "is_small": False}
    form = _form(row["metric"], currency)
    note = " · ".join(
        text
        for text in (
            spread(row["ci_low"], row["ci_high"], form),
            of(row["numerator"], row["denominator"]) if form is share else "",
        )
        if text
    )
    return {"value": form(row["value"]), "note": note, "is_small": bool(row["is_small_sample"])}


def _form(metric: str, currency: str) -> Callable[[float | None], str]:
    """How a metric is written, by its name."""
    if "revenue" in metric or "value" in metric:
        return lambda value: money(value, currency)
    return share if metric.endswith(("rate", "share", "retention_90_days")) else ratio


def _move(row: Row) -> dict[str, Any]:
    return {
        "from": name(row["from_segment"]),
        "to": name(row["to_segment"]),
        "customers": count(row["customers"]),
        "share": share(row["share"]),
        "interval": spread(row["ci_low"], row["ci_high"], share),
        "is_small": bool(row["is_small_sample"]),
    }


def _picture(key: str, order: list[str], now: dict[str, dict[str, Row]]) -> Picture | None:
    drawn = [segment for segment in order if segment not in _NOT_BUYERS]
    if not drawn:
        return None
    bars = [
        {
            "panel": "",
            "label": name(segment),
            "value": _size(now[segment]),
            "text": count(_size(now[segment])),
        }
        for segment in drawn
    ]
    left_out = ", ".join(f"{name(segment)} {count(_size(now[segment]))}" for segment in order if segment not in drawn)
    caption = f"Not drawn, because it would hide the others: {left_out}." if left_out else ""
    said = ", ".join(f"{bar['label']} {bar['text']}" for bar in bars)

    def draw(frame: pd.DataFrame, *, width: int) -> Any:
        return bar_chart(frame, axis_title="Customers", width=width)

    return Picture(f"Customers by segment, {name(key)}: {said}.", draw, pd.DataFrame(bars), f"segment-{key}", caption)
