"""Arms of an experiment as sums over their people. Must not be here: what follows from them (`effects`, `looks`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

CELL_KEY = ["experiment_id", "metric", "variant", "complete_week"]
ARM_KEY = ["experiment_id", "variant", "counted_as"]
SUMS = ["units", "units_with", "sum_y", "sum_yy", "sum_x", "sum_xx", "sum_xy"]


def arm_sums(cells: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    """Sums of each variant, one row each, 0 where nobody is; shape (variants, SUMS)."""
    added = cells.groupby("variant")[SUMS].sum()
    return added.reindex(list(variants), fill_value=0).astype("float64")


def variance(sums: Mapping[str, float], side: str) -> float:
    """Sample variance of y or x."""
    n, total = sums["units"], sums[f"sum_{side}"]
    return max(float((sums[f"sum_{side}{side}"] - total * total / n) / (n - 1)), 0.0)
