"""Arms of an experiment as sums over their people. Must not be here: what follows from them (`effects`, `looks`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Sums = Mapping[str, float]

CELL_KEY = ["experiment_id", "metric", "variant", "complete_week"]
ARM_KEY = ["experiment_id", "variant", "counted_as"]
SUMS = ["units", "units_with", "sum_y", "sum_yy", "sum_x", "sum_xx", "sum_xy"]


def arm_sums(cells: pd.DataFrame, variants: Sequence[str]) -> dict[str, Sums]:
    """SUMS of each variant, 0 where nobody is."""
    added = cells.groupby("variant")[SUMS].sum().reindex(list(variants), fill_value=0).astype("float64")
    return {
        str(name): dict(zip(SUMS, row, strict=True)) for name, row in zip(added.index, added.to_numpy(), strict=True)
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def variance(sums: Sums, side: str) -> float:
    """Sample variance of y or x."""
    n, total = sums["units"], sums[f"sum_{side}"]
    return max(float((sums[f"sum_{side}{side}"] - total * total / n) / (n - 1)), 0.0)
