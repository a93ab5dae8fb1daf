"""What the rules recommend, counted by action and reason, and what actions are worth.

Add here when a reader needs more of a recommendation; never a single customer. Must not be here: choosing.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.reading import Released, Row, spread
from journey_pipeline.report.wording import count, money, name

_COUNTS = """
    select action, kind, channel, reason, required_consent, rule_version,
        count(*) filter (where recommendation = 1) as first_choices, count(*) as customers
    from next_best_actions group by all order by first_choices desc, customers desc, action, reason
"""
_VALUES = "select * from action_values order by segment_set, segment, stage, rank"
# Groups of fewer customers say more about persons than about groups.
_LEAST = 30
_TODO = {
    "roll_out": ("good", "▲", "roll out"),
    "test": ("fair", "?", "test"),
    "do_not_use": ("poor", "×", "do not use"),
}


def next_actions(released: Released) -> dict[str, Any]:
    """Recommendations by action and reason, and net values with their evidence."""
    return {
        "counts": [_counted(row) for row in released.rows("next_best_actions", _COUNTS)],
        "worth": [_worth(row, released.currency) for row in released.rows("action_values", _VALUES)],
    }


def _plain(value: float) -> str:
    return f"{value:+.4g}".replace("-", "\N{MINUS SIGN}")


def _few(customers: int) -> str:
    return f"fewer than {_LEAST}" if 0 < customers < _LEAST else count(customers)


def _counted(row: Row) -> dict[str, str]:
    return {
        "action": name(row["action"]),
        "kind": name(row["kind"]),
        "channel": name(row["channel"]) if row["channel"] else "",
        "reason": row["reason"],
        "consent": name(row["required_consent"]) if row["required_consent"] else "none needed",
        "first": _few(row["first_choices"]),
        "customers": _few(row["customers"]),
        "version": row["rule_version"],
    }


def _worth(row: Row, currency: str) -> dict[str, Any]:
    tone, sign, words = _TODO[row["action_type"]]
    known = row["net_value_per_customer"] is not None
    return {
        "cell": f"{name(row['segment'])}, {name(row['stage']).lower()}",
        "action": name(row["action"]),
        "customers": count(row["customers"]),
        "net": money(row["net_value_per_customer"], currency) if known else "",
        "total": money(row["net_value_total"], currency) if known else "",
        "interval": spread(row["uplift_low"], row["uplift_high"], _plain),
        "evidence": f"{row['evidence']} ({row['uplift_source']})",
        "reason": row["reason"] or "",
        "tone": tone,
        "sign": sign,
        "what": words,
    }
