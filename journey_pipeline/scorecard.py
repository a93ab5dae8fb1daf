"""The KPI scorecard: is each KPI where its owner said it would be, and how sure are we.

Holds: pooling KPI cells into a frozen baseline and a current window, the improvement with its interval, the
status against a target, the released table `kpi_scorecard`.
Add here: a kind of KPI (how its interval is formed) or a status rule.
Never here: which events a KPI counts (SQL in `measures` cells), targets and owners (seeds), any I/O.

The comparison is before and after, raw: it does not say what caused a change, and `evidence` says so.
"""

from datetime import date, datetime

import numpy as np
import pandas as pd

from journey_pipeline.conversion import (
    WEEK,
    Z95,
    Floats,
    count_interval,
    floats,
    lift_interval,
    ratio,
    relative_change,
    require_unique,
    weeks,
    wilson_interval,
)

KINDS = ("proportion", "mean", "rate")
TARGET_TYPES = ("relative", "level")
EVIDENCE = "raw_before_after"
# A share cannot pass 1: a relative target that asks for more aims at this instead.
SHARE_CAP = 0.98

SCORECARD_KEY = ["week", "target_set", "kpi"]
SCORECARD_COLUMNS = [
    *SCORECARD_KEY,
    "name",
    "owner",
    "baseline",
    "target",
    "actual",
    "improvement",
    "ci_low",
    "ci_high",
    "status",
    "progress",
    "evidence",
    "is_small_sample",
    "numerator",
    "denominator",
    "target_value",
    "note",
]
SUMS = ["numerator", "denominator", "sum_squares"]


def _improvement(rows: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Relative change of current over baseline and its interval, by kind."""
    kind = rows["kind"].to_numpy()
    k0, n0, k1, n1 = (
        floats(rows[f"{period}_{part}"]) for period in ("base", "current") for part in ("numerator", "denominator")
    )
    v0, v1 = ratio(k0, n0), ratio(k1, n1)
    means = relative_change(
        v0, v1, ratio(floats(rows["base_se"]), v0) ** 2 + ratio(floats(rows["current_se"]), v1) ** 2
    )
    add = np.where(np.minimum(k0, k1) == 0, 0.5, 0.0)  # the continuity rule of lift_interval, for counts
    rates = relative_change(ratio(k0 + add, n0), ratio(k1 + add, n1), ratio(1.0, k0 + add) + ratio(1.0, k1 + add))
    shares = lift_interval(k0, n0, k1, n1)[:3]
    choose = [kind == "proportion", kind == "mean", kind == "rate"]
    change, low, high = (np.select(choose, triple, np.nan) for triple in zip(shares, means, rates, strict=True))
    return change, low, high


def _level_interval(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Interval of the current value itself, by kind: Wilson, normal for a mean, log Poisson for a rate."""
    kind = rows["kind"].to_numpy()
    k, n = floats(rows["current_numerator"]), floats(rows["current_denominator"])
    share = kind == "proportion"
    wilson = wilson_interval(np.where(share, k, 0), np.where(share, n, 0))
    half = Z95 * floats(rows["current_se"])
    counts = count_interval(np.where(kind == "rate", k, np.nan))
    choose = [share, kind == "mean", kind == "rate"]
    low = np.select(choose, [wilson[0], ratio(k, n) - half, ratio(counts[0], n)], np.nan)
    return low, np.select(choose, [wilson[1], ratio(k, n) + half, ratio(counts[1], n)], np.nan)


def aim(judged: pd.DataFrame) -> tuple[Floats, Floats, list[str | None]]:
    """Value aimed at, relative change it needs, and the note on a target cut to stay a possible share.

    Reads baseline, target, target_type and kind.
    """
    baseline, target = floats(judged["baseline"]), floats(judged["target"])
    level = (judged["target_type"] == "level").to_numpy()
    share = (judged["kind"] == "proportion").to_numpy()
    if "is_share" in judged:
        share = share | judged["is_share"].fillna(False).to_numpy(bool)
    capped = ~level & share & (baseline * (1 + target) > 1)
    aimed = np.where(capped, np.maximum(SHARE_CAP, baseline), baseline * (1 + target))
    text = f"target capped at {SHARE_CAP}: the declared change would pass 1"
    notes = [text if cut else None for cut in capped]
    return np.where(level, target, aimed), np.where(capped, ratio(aimed, baseline) - 1, target), notes


def status(judged: pd.DataFrame, relative_target: Floats) -> pd.Series:
    """Status words in the order they are tried; a missing interval bound fails every comparison.

    Reads actual, improvement, its ci_low and ci_high, target and target_type.
    """
    level = (judged["target_type"] == "level").to_numpy()
    low, high = floats(judged["ci_low"]), floats(judged["ci_high"])
    tested = np.where(level, floats(judged["actual"]), floats(judged["improvement"]))
    aim = np.where(level, floats(judged["target"]), relative_target)
    rules = [
        (np.isnan(floats(judged["actual"])), "no_data"),
        (~level & np.isnan(floats(judged["improvement"])), "no_baseline"),
        (low >= aim, "achieved"),
        (level & (tested >= aim), "on_track"),
        (level & (high < aim), "below_target"),
        (~level & (tested >= aim) & (low > 0), "on_track"),
        (~level & (low > 0), "improving"),
        (~level & (high < 0), "declining"),
    ]
    words = np.select([test for test, _ in rules], [word for _, word in rules], "inconclusive")
    return pd.Series(words, index=judged.index, dtype="object")


def judge(rows: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Judge each KPI's current value against its baseline and target; the core of the scorecard, row by row.

    Needs kind, target_type, target and, for `base_` and `current_`: numerator, denominator, se (standard
    error of the value, used for a mean). Optional `is_share` marks a mean that cannot pass 1, optional `n` the size
    of the sample where that is not the denominator. Adds baseline,
    actual, improvement (current / baseline - 1), ci_low and ci_high (of the improvement for a relative
    target, of the value for a level), target_value (the value aimed at), note, status, progress (1 = the
    target is met), is_small_sample.

    A relative target that would take a share past 1 aims at 0.98, or at the baseline where that is higher;
    status and progress then use the relative change that value needs. Raises ValueError for an unknown kind
    or target type, and for a proportion outside 0..1.
    """
    for column, allowed in (("kind", KINDS), ("target_type", TARGET_TYPES)):
        strange = sorted(set(rows[column].astype(str)) - set(allowed))
        if strange:
            raise ValueError(f"kpis.{column}: expected one of {list(allowed)}, found {strange}")
    judged = rows.copy()
    for column, period in (("baseline", "base"), ("actual", "current")):
        judged[column] = ratio(floats(rows[f"{period}_numerator"]), floats(rows[f"{period}_denominator"]))
    values = judged[["baseline", "actual"]]
    outside = (rows["kind"] == "proportion") & ((values > 1) | (values < 0)).any(axis=1)
    if outside.any():
        raise ValueError(f"{int(outside.sum())} proportions lie outside 0..1; expected numerator within denominator")
    level = (rows["target_type"] == "level").to_numpy()
    judged["improvement"], low, high = _improvement(rows)
    level_low, level_high = _level_interval(rows)
    judged["ci_low"], judged["ci_high"] = np.where(level, level_low, low), np.where(level, level_high, high)
    judged["target_value"], relative_target, judged["note"] = aim(judged)
    judged["status"] = status(judged, relative_target)
    judged["progress"] = np.where(
        level,
        ratio(judged["actual"], rows["target"].astype(float)),
        ratio(judged["improvement"], relative_target),
    )
    rate = (rows["kind"] == "rate").to_numpy()  # its denominator is money or time: the events are its sample
    current_n, base_n = (
        np.where(
            rate, floats(rows[f"{period}_numerator"]), floats(rows.get(f"{period}_n", rows[f"{period}_denominator"]))
        )
        for period in ("current", "base")
    )
    judged["is_small_sample"] = ~(np.where(level, current_n, np.fmin(current_n, base_n)) >= min_n)
    return judged


def _with_precision(pooled: pd.DataFrame, shares: set[str]) -> pd.DataFrame:
    """Adds `se`, the standard error of the value, and `n`, the size of the sample behind it.

    A mean: from the sum, the number and the sum of squares of its values. A share of a sum (revenue with a touch
    of all revenue): a proportion whose sample is Kish's effective size, (sum of weights)^2 / sum of squared weights
    (Kish 1965), because a few large orders say less than many equal ones.
    """
    total, n, squares = (floats(pooled[name]) for name in SUMS)
    is_share = pooled["kpi"].isin(shares).to_numpy()
    variance = ratio(np.clip(squares - ratio(total**2, n), 0, None), np.where(n > 1, n - 1, np.nan))
    effective, share = ratio(n**2, squares), ratio(total, n)
    squared = np.where(is_share, ratio(share * (1 - share), effective), ratio(variance, n))
    return pooled.assign(se=np.sqrt(np.clip(squared, 0, None)), n=np.where(is_share, effective, n))


def _baselines(mature: pd.DataFrame, start: pd.Timestamp, size: int, shares: set[str]) -> pd.DataFrame:
    """Sums of the last `size` mature weeks that were over when the program started, one row per KPI."""
    before = mature[mature["week"] + WEEK <= start].sort_values("week")
    pooled = before.groupby("kpi").tail(size).groupby("kpi")[SUMS].sum().reset_index()
    return _with_precision(pooled, shares).set_index("kpi").add_prefix("base_").reset_index()


def _currents(mature: pd.DataFrame, size: int, shares: set[str]) -> pd.DataFrame:
    """Sums of the last `size` mature weeks up to each, within one KPI and phase."""
    ordered = mature.sort_values(["kpi", "phase", "week"], ignore_index=True)
    groups = ordered.groupby(["kpi", "phase"])[SUMS]
    pooled = ordered[["week", "kpi", "phase"]].copy()
    # Added week by week: a running sum would carry the rounding of weeks long gone.
    pooled[SUMS] = np.sum([groups.shift(back).fillna(0.0).to_numpy() for back in range(size)], axis=0)
    return _with_precision(pooled, shares).rename(columns={name: f"current_{name}" for name in [*SUMS, "se", "n"]})


def _phase(week: pd.Series, is_level: pd.Series, start: pd.Timestamp) -> pd.Series:
    """'program' for a relative KPI from the program start on, so that its window holds no baseline week."""
    return pd.Series(np.where(is_level | (week < start), "any", "program"), index=week.index, dtype="object")


def _windows(
    cells: pd.DataFrame,
    definitions: pd.DataFrame,
    start: pd.Timestamp,
    baseline_weeks: int,
    current_weeks: int,
) -> pd.DataFrame:
    """One row per week present x definition, with the sums of its `base_` and its `current_` window."""
    levels = definitions.drop_duplicates("kpi").set_index("kpi")["target_type"] == "level"
    mature = cells[cells["is_mature"].fillna(False).astype(bool) & cells["kpi"].isin(levels.index)]
    mature = mature.assign(phase=_phase(mature["week"], mature["kpi"].map(levels).astype(bool), start))
    rows = cells[["week"]].drop_duplicates().merge(definitions, how="cross").sort_values("week")
    rows["phase"] = _phase(rows["week"], rows["target_type"] == "level", start)
    shares = set(definitions.loc[definitions["is_share"].astype(bool), "kpi"]) if "is_share" in definitions else set()
    currents = _currents(mature, current_weeks, shares).sort_values("week")
    by = ["kpi", "phase"]
    currents[by], rows[by] = currents[by].astype("object"), rows[by].astype("object")
    rows = pd.merge_asof(rows, currents, on="week", by=by)
    rows = rows.merge(_baselines(mature, start, baseline_weeks, shares), on="kpi", how="left")
    unfrozen = (rows["target_type"] == "relative") & (rows["week"] < start)
    rows.loc[unfrozen, [f"base_{name}" for name in [*SUMS, "se", "n"]]] = np.nan
    return rows


def kpi_scorecard(
    kpi_cells: pd.DataFrame,
    kpis: pd.DataFrame,
    kpi_targets: pd.DataFrame,
    as_of: datetime,
    program_start: date,
    baseline_weeks: int = 12,
    current_weeks: int = 4,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `kpi_scorecard`: one sorted row per week present x target_set x kpi.

    Baseline: the last `baseline_weeks` mature weeks that ended by `program_start`, pooled, the same in every
    week. Actual: the last `current_weeks` mature weeks at or before the week, pooled; from the program start
    on a relative KPI pools only weeks of the program, because the interval assumes that nobody is counted in
    both windows. Before the program start there is no baseline yet: the row has its actual and the status
    `no_baseline`. `no_data` means no mature week. numerator and denominator are those of the actual. Weeks
    not over at `as_of` (naive, reporting zone) are left out. Raises ValueError when a key repeats, a target
    names no KPI, a kind is unknown, or a mean lacks sum_squares.
    """
    require_unique(kpi_cells, ["week", "kpi"], "kpi_cells")
    require_unique(kpis, ["kpi"], "kpis")
    require_unique(kpi_targets, ["target_set", "kpi"], "kpi_targets")
    orphans = sorted(set(kpi_targets["kpi"]) - set(kpis["kpi"]))
    if orphans:
        raise ValueError(f"kpi_targets name KPIs that kpis lacks: {orphans}")
    definitions = kpi_targets[["target_set", "kpi", "target"]].merge(
        kpis.drop(columns=["target", "target_set"], errors="ignore"), on="kpi"
    )
    means = kpi_cells["kpi"].isin(kpis.loc[kpis["kind"] == "mean", "kpi"])
    lacking = int((means & kpi_cells["sum_squares"].isna()).sum())
    if lacking:
        raise ValueError(f"{lacking} kpi_cells of kind mean have no sum_squares; the interval needs them")
    cells = kpi_cells.assign(week=weeks(kpi_cells["week"]), **{name: floats(kpi_cells[name]) for name in SUMS})
    cells = cells[cells["week"] + WEEK <= pd.Timestamp(as_of)]
    rows = _windows(cells, definitions, pd.Timestamp(program_start), baseline_weeks, current_weeks)
    table = judge(rows, min_n).rename(columns={f"current_{name}": name for name in SUMS[:2]})
    return table.assign(evidence=EVIDENCE).sort_values(SCORECARD_KEY, ignore_index=True)[SCORECARD_COLUMNS]
