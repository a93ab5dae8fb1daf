"""What to do next and what became of it: registered and proposed actions, the size of their prize, what changed after.

Holds the released table `actions`: priority, and what was expected against what came.
Add here what is said of an action as a whole.
Must not be here: reading the register (`action_register`), the rules that propose (`action_proposals`), what changed
after (`action_effects`), any I/O.

What changed after an action is an estimate under assumptions that its row says; only an experiment is incremental.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.action_effects import measured
from journey_pipeline.action_proposals import Facts, prize, proposed
from journey_pipeline.conversion import ratio

TYPES = {
    **dict.fromkeys(["action_id", "origin", "opportunity", "kpi", "metric", "breakdown", "member"], "str"),
    **dict.fromkeys(["hypothesis", "owner"], "str"),
    **dict.fromkeys(["proposed_on", "due_on", "started_on", "ended_on"], "datetime64[us]"),
    **dict.fromkeys(["decision", "status", "experiment_id"], "str"),
    **dict.fromkeys(["expected_low", "expected_high", "effort"], "float64"),
    **dict.fromkeys(["prize", "prize_low", "prize_high"], "float64"),
    "prize_unit": "str",
    "prize_value": "float64",
    "priority": "float64",
    "method": "str",
    **dict.fromkeys(["effect", "effect_low", "effect_high"], "float64"),
    "is_incremental": "bool",
    **dict.fromkeys(["before_from", "before_until", "after_from", "after_until"], "datetime64[us]"),
    **dict.fromkeys(["before_value", "after_value", "others_before", "others_after"], "float64"),
    **dict.fromkeys(["dispersion", "trend_before", "trend_p"], "float64"),
    "backtest": "str",
    "effect_note": "str",
    "line": "Int64",
}
COLUMNS = list(TYPES)


def actions(register: list[dict[str, Any]], facts: Facts) -> pd.DataFrame:
    """Released table `actions`: the registered ones and those the rules propose, by priority, then by value."""
    registered = [{**action, "origin": "register"} for action in register]
    rows = [*registered, *proposed(registered, facts)]
    found = [{**row, **prize(row, facts), **measured(row, facts)} for row in rows]
    for row in found:
        row["priority"] = _priority(row)
        row["backtest"] = _backtest(row)
    table = pd.DataFrame(found).reindex(columns=COLUMNS).astype(TYPES)
    return table.sort_values(
        ["priority", "prize_value", "action_id"], ascending=[False, False, True], ignore_index=True
    )


def _priority(row: dict[str, Any]) -> float:
    """Expected value a week per person-day: the prize, scaled to what is expected of the metric, by the effort."""
    low, high, effort = (
        row[name] if row[name] is not None else np.nan for name in ("expected_low", "expected_high", "effort")
    )
    return float(row["prize_value"] * ratio((low + high) / 2, row["presumed"]) / effort)


def _backtest(row: dict[str, Any]) -> str | None:
    """What was expected against what came: `as_expected` where the two ranges meet, else `less` or `more`."""
    low, high = row["expected_low"], row["expected_high"]
    if low is None or not np.isfinite(row.get("effect_low", np.nan)):
        return None
    return "less" if row["effect_high"] < low else "more" if row["effect_low"] > high else "as_expected"
