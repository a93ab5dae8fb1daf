"""What experiments show: effects with intervals, adjusted for what people did before, and a verdict.

Holds the released tables of experiments, computed from sums and products of each arm. Add here: a column of a verdict.
Must not be here: who was drawn (SQL in `journeys`), the reading while it runs (`looks`), any I/O.

The statistics are tea-tasting's: Welch's z, the adjustment CUPED with one theta over both arms (Deng, Xu, Kohavi,
Walker 2013, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"). Before
anything is read the split itself is tested: Fabijan and others 2019, "Diagnosing sample ratio mismatch".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chisquare, false_discovery_control

from journey_pipeline.conversion import require_unique
from journey_pipeline.experiments.designs import Design, Metric, load_designs
from journey_pipeline.experiments.looks import experiment_looks
from journey_pipeline.experiments.sums import ARM_KEY, CELL_KEY, Sums, arm_sums, records, variance

# A split this unlikely is broken, whatever else the numbers say; weekly readings make 0.05 far too easy to reach.
MISMATCH = 0.001
# Fewer people than this with something, or of shares without it, and the normal interval covers too little.
LEAST_EVENTS = 10

EXPERIMENT_KEY = ["experiment_id", "metric", "variant"]
VERDICTS = ("positive", "negative", "inconclusive", "invalid_sample_ratio", "not_enough", "not_randomised")
_INTERVALS = {
    "effect": "effect_size",
    "ci_low": "effect_size_ci_lower",
    "ci_high": "effect_size_ci_upper",
    "p_value": "pvalue",
}
_RELATIVE = {
    "relative_effect": "rel_effect_size",
    "relative_low": "rel_effect_size_ci_lower",
    "relative_high": "rel_effect_size_ci_upper",
}
_NUMBERS = [
    "mean", "control_mean", "effect", "ci_low", "ci_high", "p_value", "relative_effect", "relative_low",
    "relative_high", "adjusted_effect", "adjusted_low", "adjusted_high", "adjusted_p_value", "theta",
    "variance_reduction",
]  # fmt: skip
_COLUMNS = [
    *EXPERIMENT_KEY, "is_control", "is_first_metric", "is_share", "assigned_units", "open_units", "units", "units_with",
    *_NUMBERS, "reading", "always_valid_p", "q_value", "alpha", "smallest_effect", "sample_ratio_p", "verdict",
    "is_incremental",
]  # fmt: skip


def experiment_arms(arm_cells: pd.DataFrame, designs: Mapping[str, Design] | None = None) -> pd.DataFrame:
    """Released table `experiment_arms`: experiment x variant x counted_as with people, and the test of the split.

    The chi-square is of everybody who counts, open windows included, against the planned shares.
    """
    designs = load_designs() if designs is None else designs
    require_unique(arm_cells, ARM_KEY, "experiment_arm_cells")
    table = arm_cells.sort_values(ARM_KEY, ignore_index=True)
    tested = {name: sample_ratio(arm_cells, design) for name, design in designs.items()}
    unknown = (np.nan, np.nan)
    found = [tested.get(name, unknown) for name in table["experiment_id"]]
    table["chi_square"] = [chi_square for chi_square, _ in found]
    table["sample_ratio_p"] = [p for _, p in found]
    table["is_sample_ratio_mismatch"] = table["sample_ratio_p"] < MISMATCH
    return table


def sample_ratio(arm_cells: pd.DataFrame, design: Design) -> tuple[float, float]:
    """Pearson's chi-square of the people in each arm against the planned shares, and its p; empty without people."""
    counted = arm_cells[(arm_cells["experiment_id"] == design.experiment_id) & (arm_cells["counted_as"] == "counted")]
    people = counted.set_index("variant")["units"].reindex(list(design.shares)).fillna(0).to_numpy(np.float64)
    if not people.sum():
        return np.nan, np.nan
    told = chisquare(people, people.sum() * np.array(list(design.shares.values())))
    return float(told.statistic), float(told.pvalue)


def experiments(
    cells: pd.DataFrame,
    arm_cells: pd.DataFrame,
    as_of: datetime,
    designs: Mapping[str, Design] | None = None,
    *,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `experiments`: one row per experiment x metric x variant of every design.

    Each variant is held against the control, over everybody assigned whose window is over: who did nothing has 0, in
    every metric alike, so that all steps of a funnel have one denominator. `reading` is `final` when all windows of the
    design are over, else `sequential`: then the p-value that counts is the one that holds at every look. q values are
    Benjamini and Hochberg's over the metrics and variants of the experiment. No verdict is given where the split is
    broken, where the design says that no lot was drawn, or where fewer than `min_n` people are in an arm.
    """
    designs = load_designs() if designs is None else designs
    require_unique(cells, CELL_KEY, "experiment_cells")
    looked = experiment_looks(cells, designs, min_n=min_n)
    rows = [
        _row(cells, arm_cells, looked, design, metric, variant, as_of.date(), min_n)
        for design in designs.values()
        for metric in design.metrics
        for variant in design.shares
    ]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table["q_value"] = _adjusted(table)
    verdicts = [_verdict(row) for row in records(table)]
    table["verdict"] = pd.Series(verdicts, index=table.index, dtype="object")
    table["is_incremental"] = table["verdict"].isin(["positive", "negative", "inconclusive"])
    return table.sort_values(EXPERIMENT_KEY, ignore_index=True)


def _row(
    cells: pd.DataFrame,
    arm_cells: pd.DataFrame,
    looked: pd.DataFrame,
    design: Design,
    metric: Metric,
    variant: str,
    as_of: date,
    min_n: int,
) -> dict[str, Any]:
    mine = cells[(cells["experiment_id"] == design.experiment_id) & (cells["metric"] == metric.name)]
    sums = arm_sums(mine[mine["complete_week"].notna()], list(design.shares))
    waiting = int(mine.loc[mine["complete_week"].isna() & (mine["variant"] == variant), "units"].sum())
    arm, control = sums[variant], sums[design.control]
    is_over = as_of > design.ends_on + timedelta(days=metric.days) and not waiting
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | dict.fromkeys(_NUMBERS, np.nan)
    row |= {
        "experiment_id": design.experiment_id,
        "metric": metric.name,
        "variant": variant,
        "is_control": variant == design.control,
        "is_first_metric": metric == design.metrics[0],
        "is_share": metric.is_share,
        "assigned_units": int(arm["units"]) + waiting,
        "open_units": waiting,
        "units": int(arm["units"]),
        "units_with": int(arm["units_with"]),
        "mean": arm["sum_y"] / arm["units"] if arm["units"] else np.nan,
        "control_mean": control["sum_y"] / control["units"] if control["units"] else np.nan,
        "reading": "final" if is_over else "sequential",
        "always_valid_p": _last_p(looked, design, metric, variant),
        "q_value": np.nan,
        "alpha": design.alpha,
        "smallest_effect": metric.smallest_effect,
        "sample_ratio_p": sample_ratio(arm_cells, design)[1],
    }
    if variant != design.control:
        row |= effect_of(control, arm, design.alpha)
        row["verdict"] = _why_none(row, design, metric, control, arm, min_n)
    return row


def _last_p(looked: pd.DataFrame, design: Design, metric: Metric, variant: str) -> float:
    mine = looked[
        (looked["experiment_id"] == design.experiment_id)
        & (looked["metric"] == metric.name)
        & (looked["variant"] == variant)
    ]
    return float(mine["always_valid_p"].iloc[-1]) if len(mine) else np.nan


def effect_of(control: Sums, arm: Sums, alpha: float) -> dict[str, float]:
    """One variant against the control, as it is and adjusted for the time before; empty where nothing varies.

    Arms are sums over their people: units, sum_y, sum_yy, and sum_x, sum_xx, sum_xy of the time before.
    """
    if min(control["units"], arm["units"]) < 2 or variance(control, "y") + variance(arm, "y") <= 0:
        return {}
    import tea_tasting  # heavy, and asked for only where there is an experiment

    before, after = _aggregates(control), _aggregates(arm)
    welch = {"alternative": "two-sided", "confidence_level": 1 - alpha, "equal_var": False, "use_t": False}
    plain = tea_tasting.Mean("y", **welch).analyze_aggregates(before, after)
    adjusted = tea_tasting.Mean("y", "x", **welch).analyze_aggregates(before, after)
    whole = before + after
    theta = whole.cov("y", "x") / whole.var("x") if whole.var("x") > 0 else 0.0
    found = {ours: float(getattr(plain, theirs)) for ours, theirs in _INTERVALS.items()}
    found |= {
        "adjusted_effect": float(adjusted.effect_size),
        "adjusted_low": float(adjusted.effect_size_ci_lower),
        "adjusted_high": float(adjusted.effect_size_ci_upper),
        "adjusted_p_value": float(adjusted.pvalue),
        "theta": float(theta),
        "variance_reduction": 1 - (_width(adjusted) / _width(plain)) ** 2,
    }
    if before.mean("y") > 0 and after.mean("y") > 0:
        found |= {ours: float(getattr(plain, theirs)) for ours, theirs in _RELATIVE.items()}
    return found


def _width(result: Any) -> float:
    return float(result.effect_size_ci_upper - result.effect_size_ci_lower)


def _aggregates(sums: Sums) -> Any:
    from tea_tasting.aggr import Aggregates

    n = sums["units"]
    return Aggregates(
        count_=int(n),
        mean_={"y": sums["sum_y"] / n, "x": sums["sum_x"] / n},
        var_={"y": variance(sums, "y"), "x": variance(sums, "x")},
        cov_={("x", "y"): (sums["sum_xy"] - sums["sum_x"] * sums["sum_y"] / n) / (n - 1)},
    )


def _why_none(
    row: Mapping[str, Any],
    design: Design,
    metric: Metric,
    control: Sums,
    arm: Sums,
    min_n: int,
) -> str | None:
    """Why there is no verdict; None where there may be one."""
    if not design.is_randomised:
        return "not_randomised"
    if row["sample_ratio_p"] < MISMATCH:
        return "invalid_sample_ratio"
    some = control["units_with"] + arm["units_with"]
    none = control["units"] + arm["units"] - some
    few = (
        min(control["units"], arm["units"]) < min_n or some < LEAST_EVENTS or (metric.is_share and none < LEAST_EVENTS)
    )
    return "not_enough" if few or np.isnan(row["effect"]) else None


def _asked(row: Mapping[str, Any]) -> float:
    """The p-value that counts: a fixed horizon's once it is over, the always valid one before."""
    return float(row["adjusted_p_value"] if row["reading"] == "final" else row["always_valid_p"])


def _adjusted(table: pd.DataFrame) -> pd.Series:
    may = ~table["is_control"].astype(bool) & table["verdict"].isna()
    asked = pd.Series(np.array([_asked(row) for row in records(table[may])], np.float64), index=table.index[may])
    groups = table.loc[asked.index, "experiment_id"]
    return asked.groupby(groups).transform(lambda p: false_discovery_control(p.to_numpy())).reindex(table.index)


def _verdict(row: Mapping[str, Any]) -> str | None:
    if row["is_control"]:
        return None
    if isinstance(row["verdict"], str):
        return row["verdict"]
    if row["q_value"] >= row["alpha"]:
        return "inconclusive"
    told = row["adjusted_effect"] if row["reading"] == "final" else row["effect"]
    return "positive" if told > 0 else "negative"
