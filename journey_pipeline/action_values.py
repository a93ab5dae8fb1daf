"""What an action is worth in a segment and stage: its uplift in an experiment, times a value, less its cost. Pure.

Holds the released table `action_values`. Add here: another source of an uplift. Must not be here: experiments
themselves (`experiments`), which customer gets what (`next_best_actions`).

An action that was never tested borrows from those that were: the mean of the experiments on the same metric, with an
interval that also holds how far true effects lie apart (DerSimonian and Laird 1986; Higgins, Thompson, Spiegelhalter
2009, with the normal quantile). Such a row is a hypothesis and never incremental.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95
from journey_pipeline.experiments.sums import records

KEY = ["segment_set", "segment", "stage", "action"]
# Fewer experiments than this say nothing of how far effects lie apart.
LEAST_EXPERIMENTS = 2
_COLUMNS = [
    *KEY, "metric", "experiment_id", "uplift", "uplift_low", "uplift_high", "uplift_source", "is_incremental",
    "customers", "value", "cost", "net_value_per_customer", "net_value_total", "lower_net_value", "evidence",
    "action_type", "rank", "reason",
]  # fmt: skip


def action_values(action_cells: pd.DataFrame, experiments: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Released table `action_values`: one row per line of the seed `action_terms`, the best of a cell first.

    `evidence` is proven where an experiment that is over has an interval above 0; `action_type` is roll_out where even
    the lower end pays, test where the mean does or nothing is known, else do_not_use. Raises ValueError for a line that
    names an experiment, variant or metric there is none of.
    """
    final = experiments[experiments["is_incremental"].astype(bool) & (experiments["reading"] == "final")]
    rows = [_row(line, action_cells, experiments, final) for line in records(terms)]
    return valued(pd.DataFrame(rows, columns=_COLUMNS))


def valued(table: pd.DataFrame) -> pd.DataFrame:
    """Net values, evidence, what to do, and the rank within segment and stage, from uplift, value and cost."""
    uplift, low = table["uplift"].astype("float64"), table["uplift_low"].astype("float64")
    value, cost = table["value"].astype("float64"), table["cost"].astype("float64")
    net, lower = uplift * value - cost, low * value - cost
    table = table.assign(
        net_value_per_customer=net,
        net_value_total=net * table["customers"].astype("float64"),
        lower_net_value=lower,
        evidence=np.where((low > 0) & (table["uplift_source"] == "experiment"), "proven", "hypothesis"),
        # With nothing known there is one way to find out.
        action_type=np.select([lower > 0, (net > 0) | net.isna()], ["roll_out", "test"], "do_not_use"),
    )
    table = table.sort_values([*KEY[:3], "net_value_per_customer", "action"], ascending=[True] * 3 + [False, True])
    table["rank"] = table.groupby(KEY[:3]).cumcount() + 1
    return table.reset_index(drop=True)


def prior(effects: pd.Series, errors: pd.Series) -> tuple[float, float, float] | None:
    """Mean of the next true effect with its 95 % interval, from effects and standard errors; None from too few."""
    y, v = effects.to_numpy(np.float64), errors.to_numpy(np.float64) ** 2
    if len(y) < LEAST_EXPERIMENTS or not (v > 0).all():
        return None
    w = 1 / v
    fixed = (w * y).sum() / w.sum()
    between = ((w * (y - fixed) ** 2).sum() - (len(y) - 1)) / (w.sum() - (w**2).sum() / w.sum())
    between = max(float(between), 0.0)
    w = 1 / (v + between)
    mean = float((w * y).sum() / w.sum())
    spread = Z95 * np.sqrt(between + 1 / w.sum())
    return mean, float(mean - spread), float(mean + spread)


def _row(
    line: Mapping[str, Any], cells: pd.DataFrame, experiments: pd.DataFrame, final: pd.DataFrame
) -> dict[str, Any]:
    cell = cells[(cells["segment_set"] == line["segment_set"]) & (cells["segment"] == line["segment"])]
    if line["stage"] != "all":
        cell = cell[cell["stage"] == line["stage"]]
    known = {name: line[name] for name in (*KEY, "metric", "value", "cost")} | {
        "customers": int(cell["customers"].sum())
    }
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | known | {"is_incremental": False}
    if _is_given(line["experiment_id"]):
        row["experiment_id"] = line["experiment_id"]
        found = _of_experiment(line, experiments)
        if found["is_incremental"] and found["reading"] == "final":
            told = {"uplift": "adjusted_effect", "uplift_low": "adjusted_low", "uplift_high": "adjusted_high"}
            return row | {ours: found[theirs] for ours, theirs in told.items()} | {
                "uplift_source": "experiment", "is_incremental": True,
            }  # fmt: skip
        row["reason"] = f"the experiment is {found['reading']}, its verdict {found['verdict']}"
    same = final[(final["metric"] == line["metric"]) & ~final["is_control"].astype(bool)]
    borrowed = prior(same["adjusted_effect"], (same["adjusted_high"] - same["adjusted_low"]) / (2 * Z95))
    if borrowed is None:
        why = f"fewer than {LEAST_EXPERIMENTS} experiments on {line['metric']} are over"
        return row | {"uplift_source": "none", "reason": "; ".join(filter(None, [row["reason"], why]))}
    mean, low, high = borrowed
    return row | {"uplift": mean, "uplift_low": low, "uplift_high": high, "uplift_source": "prior"}


def _of_experiment(line: Mapping[str, Any], experiments: pd.DataFrame) -> dict[str, Any]:
    mine = experiments[
        (experiments["experiment_id"] == line["experiment_id"])
        & (experiments["variant"] == line["variant"])
        & (experiments["metric"] == line["metric"])
        & ~experiments["is_control"].astype(bool)
    ]
    if not len(mine):
        raise ValueError(
            f"action_terms.csv, action {line['action']}: expected an experiment of experiment_designs.csv with this "
            f"variant and metric, found {line['experiment_id']}, {line['variant']}, {line['metric']}"
        )
    return dict(mine.iloc[0])


def _is_given(value: object) -> bool:
    return isinstance(value, str) and bool(value)
