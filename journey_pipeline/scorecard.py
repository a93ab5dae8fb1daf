"""The KPI scorecard: is each KPI where its owner said it would be, and how sure are we.

Holds: the improvement of a KPI with its interval, the status and the verdict against a target, the released table
`kpi_scorecard`.
Add here: a kind of KPI (how its interval is formed) or a status rule.
Never here: which weeks are pooled (`kpi_windows`), what is left after mix and season (`kpi_adjustment`), control
limits (`kpi_alarms`), the SQL that tells a number again (`kpi_queries`), which events a KPI counts (SQL in `journeys`),
targets and owners (seeds), any I/O.

The comparison is before and after: it does not say what caused a change, and `evidence` says so.
"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from journey_pipeline import kpi_adjustment, kpi_alarms, kpi_queries
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
from journey_pipeline.kpi_windows import SUMS, windows

KINDS = ("proportion", "mean", "rate")
TARGET_TYPES = ("relative", "level")
RAW = "raw_before_after"
EVIDENCE = {"raw": RAW} | dict.fromkeys(kpi_adjustment.KINDS, "adjusted_before_after")
# A share cannot pass 1: a relative target that asks for more aims at this instead.
SHARE_CAP = 0.98

SCORECARD_KEY = ["week", "target_set", "kpi"]
SCORECARD_COLUMNS = [
    *SCORECARD_KEY,
    "name",
    "owner",
    "formula",
    "baseline",
    "baseline_from",
    "baseline_until",
    "target",
    "target_value",
    "actual",
    "current_from",
    "current_until",
    "improvement",
    "ci_low",
    "ci_high",
    *kpi_adjustment.COLUMNS,
    "verdict",
    "status",
    "progress",
    "evidence",
    "is_small_sample",
    *kpi_alarms.COLUMNS,
    "numerator",
    "denominator",
    "query",
    "note",
]


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
    poisson = ratio(1.0, k0 + add) + ratio(1.0, k1 + add)
    spread = floats(rows["dispersion"]) if "dispersion" in rows else 1.0
    rates = relative_change(ratio(k0 + add, n0), ratio(k1 + add, n1), poisson * spread)
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
    of the sample where that is not the denominator, optional `dispersion` by how much the variance of a rate passes
    that of Poisson counts. Adds baseline,
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


def verdict(judged: pd.DataFrame, relative_target: Floats) -> pd.Series:
    """Is the target being met: `on_track`, `off_track`, or `not_yet_knowable`.

    On track where the status is achieved or on_track; off track where even the better end of the interval misses the
    target; everything between, and every small sample, is not yet knowable. Reads what `status` reads, status and
    is_small_sample.
    """
    level = (judged["target_type"] == "level").to_numpy()
    missed = floats(judged["ci_high"]) < np.where(level, floats(judged["target"]), relative_target)
    small = judged["is_small_sample"].to_numpy(bool)
    met = judged["status"].isin(["achieved", "on_track"]).to_numpy()
    words = np.select([small, met, missed], ["not_yet_knowable", "on_track", "off_track"], "not_yet_knowable")
    return pd.Series(words, index=judged.index, dtype="object")


def _headline(judged: pd.DataFrame) -> pd.DataFrame:
    """Status, verdict, progress and evidence by the adjusted improvement where there is one, else by the raw one."""
    adjusted = judged["adjusted_improvement"].notna() & (judged["target_type"] == "relative")
    told = judged.copy()
    for raw, better in zip(("improvement", "ci_low", "ci_high"), kpi_adjustment.NUMBERS, strict=True):
        told.loc[adjusted, raw] = judged.loc[adjusted, better]
    _, relative_target, _ = aim(judged)
    told["status"] = status(told, relative_target)
    progress = np.where(adjusted, ratio(floats(told["improvement"]), relative_target), floats(judged["progress"]))
    return judged.assign(
        status=told["status"],
        verdict=verdict(told, relative_target),
        progress=progress,
        evidence=judged["adjusted_for"].where(adjusted).fillna("raw").map(EVIDENCE),
    )


def kpi_scorecard(
    kpi_cells: pd.DataFrame,
    kpis: pd.DataFrame,
    kpi_targets: pd.DataFrame,
    as_of: datetime,
    program_start: date,
    baseline_weeks: int = 12,
    current_weeks: int = 4,
    min_n: int = 30,
    signals: pd.DataFrame | None = None,
    stages: pd.DataFrame | None = None,
    funnels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Released table `kpi_scorecard`: one sorted row per week present x target_set x kpi.

    Baseline: the last mature weeks that ended by `program_start`, pooled, the same in every week; actual: the last
    mature weeks at or before the week, pooled. How many is said by the columns baseline_weeks and current_weeks of
    `kpis`, where they lack by the arguments. From the program start
    on a relative KPI pools only weeks of the program, because the interval assumes that nobody is counted in
    both windows. Before the program start there is no baseline yet: the row has its actual and the status
    `no_baseline`. `no_data` means no mature week. numerator and denominator are those of the actual. Weeks
    not over at `as_of` (naive, reporting zone) are left out. `signals` is `weekly_signals`, for what is left at equal
    mix; `stages` and `funnels` are the seeds, for the windows that a query names. Raises ValueError when a key
    repeats, a target names no KPI, a kind is unknown, or a mean lacks sum_squares.
    """
    cells = _checked(kpi_cells, kpis, kpi_targets)
    cells = cells[cells["week"] + WEEK <= pd.Timestamp(as_of)]
    kpis = kpis.drop(columns=["target", "target_set"], errors="ignore")
    sizes = {"baseline_weeks": baseline_weeks, "current_weeks": current_weeks}
    kpis = kpis.assign(**{name: kpis.get(name, default) for name, default in sizes.items()}, formula=_formulas(kpis))
    rows = windows(cells, kpis, pd.Timestamp(program_start))
    rows = kpi_adjustment.adjusted(rows, cells, signals, pd.Timestamp(program_start))
    rows = rows.merge(kpi_alarms.alarms(cells, kpis, min_n), on=["week", "kpi"], how="left")
    rows["query"] = kpi_queries.queries(rows, stages, funnels)
    rows = rows.merge(kpi_targets[["target_set", "kpi", "target"]], on="kpi")
    table = _headline(judge(rows, min_n)).rename(columns={f"current_{name}": name for name in SUMS[:2]})
    return table.sort_values(SCORECARD_KEY, ignore_index=True)[SCORECARD_COLUMNS]


def _formulas(kpis: pd.DataFrame) -> pd.Series:
    """What is measured, in words, and what is divided by what."""
    told = kpis.reindex(columns=["description", "numerator_name", "denominator_name"]).astype("object")
    return told["description"] + ": " + told["numerator_name"] + " / " + told["denominator_name"]


def _checked(kpi_cells: pd.DataFrame, kpis: pd.DataFrame, kpi_targets: pd.DataFrame) -> pd.DataFrame:
    """The cells as numbers, after every key and what a mean needs have been found."""
    require_unique(kpi_cells, ["week", "kpi"], "kpi_cells")
    require_unique(kpis, ["kpi"], "kpis")
    require_unique(kpi_targets, ["target_set", "kpi"], "kpi_targets")
    orphans = sorted(set(kpi_targets["kpi"]) - set(kpis["kpi"]))
    if orphans:
        raise ValueError(f"kpi_targets name KPIs that kpis lacks: {orphans}")
    means = kpi_cells["kpi"].isin(kpis.loc[kpis["kind"] == "mean", "kpi"])
    lacking = int((means & kpi_cells["sum_squares"].isna()).sum())
    if lacking:
        raise ValueError(f"{lacking} kpi_cells of kind mean have no sum_squares; the interval needs them")
    cells = kpi_cells.assign(week=weeks(kpi_cells["week"]), **{name: floats(kpi_cells[name]) for name in SUMS})
    return cells.sort_values(["kpi", "week"], ignore_index=True)
