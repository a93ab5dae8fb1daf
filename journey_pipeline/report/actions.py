"""Actions as people read them: what can be won, who answers for it, and what changed after.

Add here when a reader needs more of an action. Must not be here: priorities, estimates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journey_pipeline.report.reading import Released, Row, spread
from journey_pipeline.report.wording import NO_VALUE, count, day, lift, money, name

METHODS = {
    "experiment": "Experiment",
    "difference_in_differences": "Difference in differences, an estimate",
    "pre_post": "Before and after, an estimate",
}
_BACKTESTS = {"as_expected": "as expected", "less": "less than expected", "more": "more than expected"}
_STATUSES = {"proposed": "open", "planned": "fair", "running": "fair", "done": "good", "dropped": "open"}
SQL = """
    select actions.*, (select name from kpi_names where kpi_names.kpi = actions.metric) as kpi_name
    from actions
    order by origin <> 'register', priority desc nulls last, prize_value desc nulls last, action_id
"""
_NAMES = "with kpi_names as (select distinct kpi, name from kpi_scorecard) "
# Of these KPIs the value is no share.
_MONEY, _PER_SPEND = "customer_lifetime_value", "acquisition_efficiency"


def actions(released: Released) -> dict[str, Any]:
    """Registered actions and proposed ones, as text."""
    rows = [as_text(row, released.currency) for row in action_rows(released)]
    return {
        "registered": [row for row in rows if row["is_registered"]],
        "proposed": [row for row in rows if not row["is_registered"]],
    }


def action_rows(released: Released) -> list[Row]:
    """Rows of the released table in the order of the page."""
    return released.rows("actions", _NAMES + SQL) if "kpi_scorecard" in released.tables else []


def as_text(row: Row, currency: str) -> dict[str, Any]:
    """One action; an effect is told with its method, and its unit is the metric's own."""
    form = _unit(row["metric"], currency)
    worth = money(row["prize_value"], currency) + " a week" if row["prize_value"] is not None else ""
    expected = spread(row["expected_low"], row["expected_high"], form)
    return {
        "is_registered": row["origin"] == "register",
        "id": row["action_id"],
        "opportunity": row["opportunity"],
        "metric": row["kpi_name"] or row["metric"],
        "member": f"{name(row['breakdown'])}: {name(row['member'])}" if row["member"] else "everybody",
        "owner": row["owner"] or "no owner",
        "status": name(row["status"]),
        "tone": _STATUSES.get(row["status"], "open"),
        "decision": name(row["decision"]) if row["decision"] else "no decision yet",
        "due": day(row["due_on"]) if row["due_on"] else "",
        "prize": "not told" if row["prize"] is None else count(row["prize"]),
        "prize_interval": spread(row["prize_low"], row["prize_high"], count),
        "prize_unit": row["prize_unit"] or "",
        "worth": worth,
        "method": METHODS.get(row["method"], "Not told"),
        "effect": form(row["effect"]) if row["effect"] is not None else "",
        "effect_interval": spread(row["effect_low"], row["effect_high"], form),
        "expected": f"expected {expected}" if expected else "",
        "backtest": _BACKTESTS.get(row["backtest"], ""),
        "note": row["effect_note"] or "",
    }


def _unit(metric: str, currency: str) -> Callable[[float | None], str]:
    if metric == _MONEY:
        return lambda value: money(value, currency)
    if metric == _PER_SPEND:
        return lambda value: NO_VALUE if value is None else f"{value:+.4f}"
    return lambda value: f"{lift(value).removesuffix('%')} points"
