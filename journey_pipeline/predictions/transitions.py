"""The next stage of a journey by how often others moved on: the baseline a model has to beat.

Holds the smoothed transition rates. Must not be here: a fitted model, any I/O.

Source: Laplace's rule of succession; with alpha 1 every outcome counts as seen once more than it was.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import ratio, require_unique

OUTCOMES = ("exit", "next", "stay")


def next_stage(counts: pd.DataFrame, alpha: float = 1.0) -> pd.DataFrame:
    """Probability of each outcome by stage, (n + alpha) / (N + 3 alpha); an outcome that was never seen has one too.

    `counts`: stage, outcome (next, stay or exit), n, and any other columns that tell journeys apart, which are kept.
    """
    alike = [name for name in counts.columns if name not in ("outcome", "n")]
    require_unique(counts, [*alike, "outcome"], "transitions")
    if strange := sorted(set(counts["outcome"]) - set(OUTCOMES)):
        raise ValueError(f"transitions.outcome: expected {', '.join(OUTCOMES)}, found {', '.join(strange)}")
    table = counts.set_index([*alike, "outcome"])["n"].unstack("outcome").reindex(columns=list(OUTCOMES))
    long = (
        table.fillna(0)
        .melt(ignore_index=False, value_name="n")
        .reset_index()
        .sort_values([*alike, "outcome"], ignore_index=True)
    )
    whole = long.groupby(alike)["n"].transform("sum")
    long["probability"] = ratio(long["n"] + alpha, whole + alpha * len(OUTCOMES))
    return long.assign(n=long["n"].astype(np.int64))
