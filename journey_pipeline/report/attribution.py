"""Which channels get credit under which model, and what they cost.

Add here when marketers need another cut of credit. Must not be here: a model, or a claim about causes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_pipeline.report.charts import bar_chart
from journey_pipeline.report.reading import Picture, Released, Row, spread
from journey_pipeline.report.wording import count, money, name, ratio, short_day, span

_WEEKS = 12
_NOT_A_CHANNEL = {"unattributed", "(unattributed)", "baseline"}
_TYPE_ORDER = {"order": 0, "opportunity_won": 1, "lead": 2}

_RECENT = f"""
    with recent as (
        select * replace (coalesce(channel, 'unattributed') as channel), week = max(week) over () as is_latest
        from attribution
        -- A model of influence gives one conversion to several channels: its numbers are in no total. The hazard models
        -- speak of their window and keep a baseline: beside models that give all away they would be misread.
        where is_headline and not is_influence and model not like 'hazard%'
            and week > (select max(week) from attribution) - interval {7 * _WEEKS} day
    )
"""
_BY_CHANNEL = (
    _RECENT
    + """
    select conversion_type, model, channel, min(week) as first_week, max(week) as last_week,
        sum(credit)::double as credit, sum(value)::double as value, sum(spend)::double as spend,
        sum(credit) filter (where is_latest)::double as latest_credit,
        case when count(*) filter (where is_latest) = 1 then max(credit_ci_low) filter (where is_latest) end::double
            as latest_low,
        case when count(*) filter (where is_latest) = 1 then max(credit_ci_high) filter (where is_latest) end::double
            as latest_high
    from recent group by conversion_type, model, channel order by conversion_type, model, channel
"""
)
_WITHOUT_CREDIT = (
    _RECENT
    + """
    , by_model as (
        select channel, campaign, conversion_type, model, sum(credit) as credit, sum(spend) as spend
        from recent group by channel, campaign, conversion_type, model
    )
    select channel, campaign, max(spend)::double as spend from by_model group by channel, campaign
    having max(spend) > 0 and coalesce(max(abs(credit)), 0) = 0 order by spend desc, channel, campaign
"""
)


def attribution(released: Released) -> dict[str, Any]:
    """Per conversion type: credit by channel and model, costs as a range over models; spend without conversions."""
    rows = released.rows("attribution", _BY_CHANNEL)
    kinds = sorted({row["conversion_type"] for row in rows}, key=lambda kind: (_TYPE_ORDER.get(kind, 9), kind))
    idle = released.rows("attribution", _WITHOUT_CREDIT)
    currency = released.currency
    return {
        "kinds": [_kind(kind, [row for row in rows if row["conversion_type"] == kind], currency) for kind in kinds],
        "period": _period(rows),
        "repeats_spend": len(kinds) > 1,
        "idle": [
            {
                "channel": name(row["channel"]),
                "campaign": row["campaign"] or "(none)",
                "spend": money(row["spend"], currency),
            }
            for row in idle
        ],
    }


def _period(rows: list[Row]) -> str:
    if not rows:
        return ""
    first, last = min(row["first_week"] for row in rows), max(row["last_week"] for row in rows)
    weeks = (last - first).days // 7 + 1
    return f"the {weeks} weeks from {short_day(first)} to the week of {short_day(last)}" if weeks > 1 else "one week"


def _kind(kind: str, rows: list[Row], currency: str) -> dict[str, Any]:
    channels = _channels(rows)
    models = sorted({row["model"] for row in rows})
    found = {(row["channel"], row["model"]): row for row in rows}
    totals = [sum(row["credit"] or 0 for row in rows if row["model"] == model) for model in models]
    unknown = [row["credit"] or 0 for row in rows if row["channel"].lower() in _NOT_A_CHANNEL]
    spent = sum(max((found[c, m]["spend"] or 0) for m in models if (c, m) in found) for c in channels)
    return {
        "name": name(kind),
        "models": [name(model) for model in models],
        "channels": [_channel(channel, models, found, currency) for channel in channels],
        "totals": [count(total) for total in totals],
        "conversions": span(count(min(totals)), count(max(totals))),
        "spend": money(spent, currency),
        "unknown": span(count(min(unknown)), count(max(unknown))) if unknown else None,
        "details": [_detail(found[c, m], currency) for m in models for c in channels if (c, m) in found],
        "picture": _picture(kind, channels, models, found),
    }


def _channels(rows: list[Row]) -> list[str]:
    """Channels by their largest credit; what no channel earned comes last."""
    best: dict[str, float] = {}
    for row in rows:
        best[row["channel"]] = max(best.get(row["channel"], 0.0), row["credit"] or 0.0)
    return sorted(best, key=lambda channel: (channel.lower() in _NOT_A_CHANNEL, -best[channel], channel))


def _channel(channel: str, models: list[str], found: dict[tuple[str, str], Row], currency: str) -> dict[str, Any]:
    # A model without a row for the channel credits it with nothing, which is as much an answer as any other.
    rows = [found.get((channel, model), {}) for model in models]
    spend = max(row.get("spend") or 0 for row in rows)
    earned = [row.get("credit") or 0 for row in rows]
    returns = [(row.get("value") or 0) / spend for row in rows] if spend else []
    return {
        "name": name(channel),
        "spend": money(spend, currency) if spend else "no spend reported",
        "credit": span(count(min(earned)), count(max(earned))),
        "cost": _cost(spend, earned, currency) if spend else "–",
        "return": span(ratio(min(returns)), ratio(max(returns))) if spend else "–",
        "by_model": [count(credit) for credit in earned],
    }


def _cost(spend: float, earned: list[float], currency: str) -> str:
    """Cost per conversion over the models; it has no upper end when one of them credits nothing."""
    costs = [spend / credit for credit in earned if credit > 0]
    if not costs:
        return "no conversions"
    text = span(money(min(costs), currency), money(max(costs), currency))
    return text if len(costs) == len(earned) else f"{text}, or none"


def _detail(row: Row, currency: str) -> dict[str, str]:
    credit, spend = row["credit"], row["spend"]
    return {
        "model": name(row["model"]),
        "channel": name(row["channel"]),
        "credit": count(credit),
        "value": money(row["value"], currency),
        "spend": money(spend, currency) if spend else "–",
        "cost": money(spend / credit, currency) if spend and credit else "–",
        "return": ratio(row["value"] / spend) if spend and row["value"] is not None else "–",
        "latest": count(row["latest_credit"]),
        "interval": spread(row["latest_low"], row["latest_high"], count) or "–",
    }


def _picture(kind: str, channels: list[str], models: list[str], found: dict[tuple[str, str], Row]) -> Picture | None:
    bars = [
        {
            "panel": name(model),
            "label": "Unattributed" if channel.lower() in _NOT_A_CHANNEL else name(channel),
            "value": max(0.0, found.get((channel, model), {}).get("credit") or 0.0),
            "text": count(found.get((channel, model), {}).get("credit") or 0.0),
        }
        for model in models
        for channel in channels
    ]
    if not bars:
        return None
    label = f"Credit for {name(kind).lower()} conversions by channel, one panel per model; the table has the numbers."

    def draw(frame: pd.DataFrame, *, width: int) -> Any:
        return bar_chart(frame, axis_title="Conversions", width=width)

    caption = "Conversions credited to each channel; one panel per model."
    return Picture(label, draw, pd.DataFrame(bars), f"credit-{_TYPE_ORDER.get(kind, 9)}", caption)
