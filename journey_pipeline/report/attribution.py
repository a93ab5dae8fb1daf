"""Which channels get credit under which model, and what they cost.

Add here when marketers need another cut of credit. Must not be here: a model, or a claim about causes.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import pandas as pd

from journey_pipeline.attribution.table import DISAGREE_ABOVE
from journey_pipeline.conversion import Z95
from journey_pipeline.report.charts import model_chart
from journey_pipeline.report.reading import Picture, Released, Row, spread
from journey_pipeline.report.wording import count, money, name, ratio, share, short_day, span
from journey_pipeline.settings import shared_numbers

_WEEKS = 12
_MIN_N = int(shared_numbers()["min_n"])
# What is no channel, last in every list.
_NOT_A_CHANNEL = ("unattributed", "(unattributed)", "baseline")
_TYPE_ORDER = {"order": 0, "opportunity_won": 1, "lead": 2}
# The models of the picture: the ends, the middle, and what was fitted; of two hazard models the calibrated one.
_COMPARED = ("first", "last", "linear", "markov", "hazard", "hazard_calibrated")
# Whose interval is drawn: the first of these that there is.
_CHOSEN = ("hazard_calibrated", "markov", "linear")

# All models over the same weeks: the hazard models speak of their window alone.
_RECENT = f"""
    with recent as (
        select * replace (coalesce(channel, 'unattributed') as channel), model like 'hazard%' as is_hazard
        from attribution
        where is_headline and week > (select max(week) from attribution) - interval {7 * _WEEKS} day
            and week >= coalesce((select min(week) from attribution where is_headline and model like 'hazard%'), week)
    )
"""
_BY_CHANNEL = (
    _RECENT
    + """
    select conversion_type, model, channel, any_value(is_influence) as is_influence, any_value(is_hazard) as is_hazard,
        min(week) as first_week, max(week) as last_week,
        sum(credit)::double as credit, sum(value)::double as value, sum(spend)::double as spend,
        bool_or(is_identified) as is_known, bool_or(is_calibrated) as is_calibrated, max(note) as note,
        -- A bias is the same in every week, chance is not.
        sum(credit_ci_high - credit) filter (where interval_kind = 'total')::double as half_total,
        sum((credit_ci_high - credit) * (credit_ci_high - credit)) filter (where interval_kind = 'sampling')::double
            as half_squares,
        sum(credit) filter (where credit_ci_high is null and credit > 0)::double as credit_of_few
    from recent group by conversion_type, model, channel order by conversion_type, model, channel
"""
)
_DISAGREEMENT = (
    _RECENT
    + """
    select conversion_type, channel, count(distinct week) filter (where models_disagree) as disagreeing,
        count(distinct week) as weeks
    from recent where models_disagree is not null group by conversion_type, channel
    having count(*) filter (where models_disagree) > 0 order by disagreeing desc, channel
"""
)
_WITHOUT_CREDIT = (
    _RECENT
    + """
    , by_model as (
        select channel, campaign, conversion_type, model, sum(credit) as credit, sum(spend) as spend
        from recent where not is_hazard and not is_influence group by channel, campaign, conversion_type, model
    )
    select channel, campaign, max(spend)::double as spend from by_model group by channel, campaign
    having max(spend) > 0 and coalesce(max(abs(credit)), 0) = 0 order by spend desc, channel, campaign
"""
)


def attribution(released: Released) -> dict[str, Any]:
    """Per conversion type: shares by channel and model, where models disagree, every number; costs once for all."""
    rows = released.rows("attribution", _BY_CHANNEL)
    disagreeing = released.rows("attribution", _DISAGREEMENT)
    by_kind: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (_TYPE_ORDER.get(row["conversion_type"], 9), row["conversion_type"])):
        by_kind.setdefault(row["conversion_type"], []).append(row)
    credited = {kind: found for kind, found in by_kind.items() if any(row["credit"] for row in found)}
    currency = released.currency
    return {
        "kinds": [
            _kind(kind, found, [row for row in disagreeing if row["conversion_type"] == kind], currency)
            for kind, found in credited.items()
        ],
        "without_credit": [name(kind) for kind in by_kind if kind not in credited],
        "period": _period(rows),
        "costs": _costs(credited, currency),
        "min_n": _MIN_N,
        "idle": [
            {
                "channel": name(row["channel"]),
                "campaign": row["campaign"] or "(none)",
                "spend": money(row["spend"], currency),
            }
            for row in released.rows("attribution", _WITHOUT_CREDIT)
        ],
    }


def _period(rows: list[Row]) -> str:
    if not rows:
        return ""
    first, last = min(row["first_week"] for row in rows), max(row["last_week"] for row in rows)
    weeks = (last - first).days // 7 + 1
    return f"the {weeks} weeks from {short_day(first)} to the week of {short_day(last)}" if weeks > 1 else "one week"


def _kind(kind: str, rows: list[Row], disagreeing: list[Row], currency: str) -> dict[str, Any]:
    totals = _totals(rows)
    given = _give_all(rows)
    conversions = [totals[model] for model in {row["model"] for row in given}] or list(totals.values())
    unknown = [row["credit"] or 0 for row in given if row["channel"].lower() in _NOT_A_CHANNEL]
    channels = _channels(rows)
    is_small = max(conversions) < _MIN_N
    return {
        "name": name(kind),
        "is_small": is_small,
        "conversions": span(count(min(conversions)), count(max(conversions))),
        "unknown": span(count(min(unknown)), count(max(unknown))) if unknown else None,
        "baselines": [
            {"model": name(row["model"]), "share": share((row["credit"] or 0.0) / totals[row["model"]])}
            for row in rows
            if row["channel"] == "baseline" and totals[row["model"]]
        ],
        "picture": None if is_small else _picture(kind, channels, rows, totals),
        "disagreeing": [
            f"{name(row['channel'])} ({row['disagreeing']} of {row['weeks']} weeks)" for row in disagreeing
        ],
        "disagree_above": f"{DISAGREE_ABOVE * 100:.0f} points",
        "details": [
            _detail(row, totals[row["model"]], currency)
            for channel in channels
            for row in rows
            if row["channel"] == channel
        ],
    }


def _totals(rows: list[Row]) -> dict[str, float]:
    """Conversions of each model; of one of influence, those of the others: its own sum counts them repeatedly."""
    totals: dict[str, float] = {}
    for row in rows:
        totals[row["model"]] = totals.get(row["model"], 0.0) + (row["credit"] or 0.0)
    whole = max((totals[row["model"]] for row in rows if not row["is_influence"]), default=0.0)
    return totals | {row["model"]: whole for row in rows if row["is_influence"]}


def _channels(rows: list[Row]) -> list[str]:
    """Channels by their largest credit; what no channel earned comes last."""
    best: dict[str, float] = {}
    for row in rows:
        best[row["channel"]] = max(best.get(row["channel"], 0.0), row["credit"] or 0.0)
    return sorted(best, key=lambda channel: (channel.lower() in _NOT_A_CHANNEL, -best[channel], channel))


def _half_width(row: Row) -> float | None:
    """Half of the 95 % interval of a channel's credit over all weeks; None where it is not known.

    Weeks and campaigns with too few customers for an interval of their own are taken at their most: a share of a
    conversion varies no more than a whole one does.
    """
    if not row["is_known"]:
        return None
    if row["half_total"] is not None:
        return float(row["half_total"])
    return sqrt((row["half_squares"] or 0.0) + Z95**2 * (row["credit_of_few"] or 0.0))


def _costs(credited: dict[str, list[Row]], currency: str) -> dict[str, Any]:
    """What each channel with spend cost, and per conversion type the range over the models that give all away."""
    spends: dict[str, float] = {}
    for rows in credited.values():
        for row in _give_all(rows) or rows:
            spends[row["channel"]] = max(spends.get(row["channel"], 0.0), row["spend"] or 0.0)
    paid = sorted((channel for channel in spends if spends[channel]), key=lambda channel: (-spends[channel], channel))
    free = sorted(name(channel) for channel in spends if not spends[channel] and channel.lower() not in _NOT_A_CHANNEL)
    return {
        "spend": money(sum(spends.values()), currency),
        "kinds": [{"name": name(kind), "has_value": _has_value(rows)} for kind, rows in credited.items()],
        "free": free,
        "channels": [
            {
                "name": name(channel),
                "spend": money(spends[channel], currency),
                "kinds": [_cost(channel, spends[channel], rows, currency) for rows in credited.values()],
            }
            for channel in paid
        ],
    }


def _give_all(rows: list[Row]) -> list[Row]:
    """Rows of models that give every conversion away once."""
    return [row for row in rows if not row["is_influence"] and not row["is_hazard"]]


def _has_value(rows: list[Row]) -> bool:
    return any(row["value"] for row in _give_all(rows))


def _cost(channel: str, spend: float, rows: list[Row], currency: str) -> dict[str, str]:
    """Cost per conversion and return over the models; no upper end when one of them credits nothing."""
    given = _give_all(rows)
    found = {row["model"]: row for row in given if row["channel"] == channel}
    # A model without a row for the channel credits it with nothing, which is as much an answer as any other.
    rows = [found.get(model, {}) for model in sorted({row["model"] for row in given})]
    earned = [row.get("credit") or 0.0 for row in rows] or [0.0]
    returns = [(row.get("value") or 0.0) / spend for row in rows] or [0.0]
    costs = [spend / credit for credit in earned if credit > 0]
    cost = span(money(min(costs), currency), money(max(costs), currency)) if costs else "no conversions"
    return {
        "cost": cost if len(costs) in (0, len(earned)) else f"{cost}, or none",
        "return": span(ratio(min(returns)), ratio(max(returns))),
    }


def _detail(row: Row, total: float, currency: str) -> dict[str, Any]:
    credit, half = row["credit"] or 0.0, _half_width(row)
    note = row["note"] or ("counted for several channels at once" if row["is_influence"] else "")
    return {
        "channel": name(row["channel"]),
        "model": name(row["model"]),
        "credit": count(credit),
        "share": share(credit / total) if total else "–",
        "interval": spread(max(credit - half, 0.0), credit + half, count) if half and credit else "–",
        "value": money(row["value"], currency),
        "note": "calibrated by an experiment" if row["is_calibrated"] else note,
    }


def _picture(kind: str, channels: list[str], rows: list[Row], totals: dict[str, float]) -> Picture | None:
    """Shares of the models people ask for most, one line a channel, with the interval of the chosen model."""
    there = {row["model"] for row in rows if not row["is_influence"] and totals[row["model"]]}
    models = [model for model in _COMPARED if model in there] or sorted(there)[: len(_COMPARED)]
    if "hazard_calibrated" in models and "hazard" in models:
        models.remove("hazard")
    if not models:
        return None
    chosen = next((model for model in _CHOSEN if model in models), models[-1])
    frame = _points(channels, models, chosen, rows, totals)
    if frame.empty:
        return None
    label = f"Share of {name(kind).lower()} conversions credited to each channel by {len(models)} models, side by side."
    unknown = " A hollow mark: the data cannot tell the channel's credit." if not frame["is_known"].all() else ""
    line = f" The line is the 95% interval of {name(chosen)}." if frame["high"].notna().any() else ""
    caption = f"Share of conversions by channel; one mark per model, the bar spans them.{line}{unknown}"

    def draw(shares: pd.DataFrame, *, width: int) -> Any:
        return model_chart(shares, axis_title="Share of conversions", width=width)

    return Picture(label, draw, frame, f"credit-{_TYPE_ORDER.get(kind, 9)}", caption)


def _points(
    channels: list[str], models: list[str], chosen: str, rows: list[Row], totals: dict[str, float]
) -> pd.DataFrame:
    """One row per channel and model for `model_chart`.

    What is no channel is said in words: beside it the channels would be a few pixels wide.
    """
    found = {(row["channel"], row["model"]): row for row in rows}
    points = []
    for channel in channels:
        for model in models:
            row = found.get((channel, model))
            # A model that names the channel nowhere credits it with nothing; a hazard model does not speak of it.
            if channel.lower() in _NOT_A_CHANNEL or (row is None and model.startswith("hazard")):
                continue
            total, credit = totals[model], (row["credit"] or 0.0) if row else 0.0
            half = _half_width(row) if row and model == chosen else None
            points.append(
                {
                    "label": name(channel),
                    "model": name(model),
                    "value": credit / total,
                    "low": None if half is None else max(credit - half, 0.0) / total,
                    "high": None if half is None else (credit + half) / total,
                    "is_known": row is None or not row["is_hazard"] or bool(row["is_known"]),
                }
            )
    return pd.DataFrame(points, columns=["label", "model", "value", "low", "high", "is_known"]).astype(
        {"value": float, "low": float, "high": float, "is_known": bool}
    )
