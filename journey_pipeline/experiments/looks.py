"""Experiments week by week, for whoever looks before they are over.

Holds the released table `experiment_looks`. Must not be here: the mathematics of one look (`sequential`), verdicts
(`effects`), any I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chisquare, norm

from journey_pipeline.conversion import weeks
from journey_pipeline.experiments.designs import Design, Metric, load_designs
from journey_pipeline.experiments.sequential import always_valid_p, half_width, likelihood_ratio
from journey_pipeline.experiments.sums import SUMS

LOOK_KEY = ["experiment_id", "metric", "variant", "week"]
_COLUMNS = [
    *LOOK_KEY, "control_units", "units", "control_mean", "mean", "effect", "ci_low", "ci_high", "likelihood_ratio",
    "always_valid_p", "p_value", "decision", "chi_square", "sample_ratio_p",
]  # fmt: skip


def experiment_looks(
    cells: pd.DataFrame, designs: Mapping[str, Design] | None = None, *, min_n: int = 30
) -> pd.DataFrame:
    """Released table `experiment_looks`: experiment x metric x variant x week, over windows that were over by its end.

    The interval is a confidence sequence and the p-value always valid: looking every week costs nothing. `p_value` is
    that of a single look, for comparison only. The likelihood ratio takes tau as the metric's smallest_effect. A look
    with fewer than `min_n` people in an arm, or at which nothing varies, is shown without numbers and decides nothing.
    """
    designs = load_designs() if designs is None else designs
    complete = cells[cells["complete_week"].notna()]
    complete = complete.assign(week=weeks(complete["complete_week"]))
    parts = [
        _looks(complete, design, metric, variant, min_n)
        for design in designs.values()
        for metric in design.metrics
        for variant in design.shares
        if variant != design.control
    ]
    found = [part for part in parts if len(part)]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=_COLUMNS)
    return table.sort_values(LOOK_KEY, ignore_index=True)[_COLUMNS]


def _looks(complete: pd.DataFrame, design: Design, metric: Metric, variant: str, min_n: int) -> pd.DataFrame:
    mine = complete[(complete["experiment_id"] == design.experiment_id) & (complete["metric"] == metric.name)]
    if not len(mine):
        return pd.DataFrame()
    every = pd.date_range(mine["week"].min(), mine["week"].max(), freq="7D")
    arms = {
        name: mine[mine["variant"] == name].groupby("week")[SUMS].sum().reindex(every, fill_value=0).cumsum()
        for name in design.shares
    }
    control, arm = arms[design.control], arms[variant]
    before, after = control["sum_y"] / control["units"], arm["sum_y"] / arm["units"]
    spread = _variance_of_mean(control) + _variance_of_mean(arm)
    enough = (np.minimum(control["units"], arm["units"]) >= min_n) & (spread > 0)
    effect, spread = (after - before).where(enough), spread.where(enough)
    p = always_valid_p(likelihood_ratio(effect, spread, metric.smallest_effect))
    width = half_width(spread, metric.smallest_effect, design.alpha)
    chi_square, sample_ratio_p = _splits(arms, design)
    return pd.DataFrame(
        {
            "experiment_id": design.experiment_id,
            "metric": metric.name,
            "variant": variant,
            "week": every,
            "control_units": control["units"].to_numpy(),
            "units": arm["units"].to_numpy(),
            "control_mean": before.to_numpy(),
            "mean": after.to_numpy(),
            "effect": effect.to_numpy(),
            "ci_low": effect.to_numpy() - width,
            "ci_high": effect.to_numpy() + width,
            "likelihood_ratio": likelihood_ratio(effect, spread, metric.smallest_effect),
            "always_valid_p": p,
            "p_value": 2 * norm.sf(np.abs(effect) / np.sqrt(spread)),
            "decision": np.where(p < design.alpha, "stop_reject", "continue"),
            "chi_square": chi_square,
            "sample_ratio_p": sample_ratio_p,
        }
    )


def _variance_of_mean(arm: pd.DataFrame) -> pd.Series:
    """Of an arm's mean at each look, with the divisor n: of a share it is p (1 - p) / n."""
    mean = arm["sum_y"] / arm["units"]
    return (arm["sum_yy"] / arm["units"] - mean**2).clip(lower=0) / arm["units"]


def _splits(arms: Mapping[str, pd.DataFrame], design: Design) -> tuple[Any, Any]:
    """Chi-square of the split at each look, and its p."""
    people = np.column_stack([arms[name]["units"] for name in design.shares]).astype(np.float64)
    planned = people.sum(axis=1, keepdims=True) * np.array(list(design.shares.values()))
    with np.errstate(invalid="ignore"):
        told = chisquare(people, planned, axis=1)
    return told.statistic, told.pvalue
