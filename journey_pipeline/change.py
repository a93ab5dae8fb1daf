"""What changed in the weekly conversion of the main funnel, and what of it is more than noise.

Holds: the released tables `change_explained` (each mature week against the mature week before, split into mix and
rate) and `weekly_signals` (control limits, the plain test, and the lift over the frozen baseline at equal mix and
season), and which weeks each of them compares.
Add here: another comparison of weeks.
Must not be here: the statistics (`signals`, `conversion`), how a baseline stays what it is (`baselines`), any I/O.

Only mature cohorts are compared: a cohort that may still convert would always look like a fall. All of it is before
and after, and `evidence` says so.
"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from journey_pipeline import scorecard, signals
from journey_pipeline.conversion import (
    WEEK,
    Floats,
    compare_rates,
    floats,
    is_mature,
    lift_interval,
    ratio,
    require_unique,
    weeks,
    wilson_interval,
)
from journey_pipeline.signals import TOTAL
from journey_pipeline.weeks import monday

FUNNEL = "journey"
# The members that a lift is compared at equal shares of: channel and device of entry, new or returning.
MIX_BREAKDOWN = "entry_mix"
LIMIT_WEEKS = 12
BASELINE_WEEKS = 12
CURRENT_WEEKS = 4
# 52 weeks, so that Mondays meet Mondays; two seasons are compared from 60 weeks on and modelled from 104.
YEAR = np.timedelta64(364, "D")
RATIO_WEEKS, MODEL_WEEKS = 60, 104
ADJUSTED = "adjusted_before_after"
EVIDENCE = {
    "raw": scorecard.RAW,
    "mix_adjusted": ADJUSTED,
    "seasonal_ratio": ADJUSTED,
    "seasonal_model": ADJUSTED,
}
PARALLEL_YEARS = "assumes that without the programme the year would have run in parallel to the one before"

CELL_KEY = ["metric", "breakdown", "member"]
EXPLAINED_KEY = ["week", *CELL_KEY]
EXPLAINED_COLUMNS = [
    *EXPLAINED_KEY,
    "previous_week",
    *signals.COUNTS,
    "share0",
    "share1",
    "rate0",
    "rate1",
    "rate_effect",
    "rate_effect_low",
    "rate_effect_high",
    "mix_effect",
    "change",
    "is_simpson",
]
SIGNAL_KEY = ["week", "metric", "member"]
ESTIMATES = ("raw", "mix_adjusted", "seasonal")
SIGNAL_COLUMNS = [
    *SIGNAL_KEY,
    "entered",
    "converted",
    "rate",
    "ci_low",
    "ci_high",
    "is_small_sample",
    "previous_week",
    "previous_rate",
    "difference",
    "difference_low",
    "difference_high",
    "z_score",
    "p_value",
    "q_value",
    "centre",
    "sigma_z",
    "lcl",
    "ucl",
    "signal",
    "current_entered",
    "current_converted",
    "current_rate",
    "current_weeks",
    "baseline_version",
    "baseline_entered",
    "baseline_converted",
    "baseline_rate",
    "baseline_weeks",
    "baseline_restated_rate",
    "baseline_note",
    *(f"{estimate}_lift{end}" for estimate in ESTIMATES for end in ("", "_low", "_high")),
    "lift",
    "lift_low",
    "lift_high",
    "estimate_kind",
    "estimate_note",
    "evidence",
    "target",
    "status",
    "required_n",
]


def mature_cohorts(stage_cells: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Mature cohort cells of the main funnel in its default mode, with `metric`, sorted by their key.

    Raises ValueError when a key repeats, a member has no name, or the members of a breakdown do not add up to all.
    """
    main = (stage_cells["view"] == "cohort") & (stage_cells["funnel"] == FUNNEL) & stage_cells["is_default_mode"]
    cells = stage_cells[main].reset_index(drop=True)
    cells = cells.assign(
        week=weeks(cells["week"]),
        metric=cells["funnel"] + ":" + cells["from_stage"] + "->" + cells["to_stage"],
        entered=floats(cells["entered"]),
        converted=floats(cells["converted"]),
        window_seconds=floats(cells["window_seconds"]),
    )
    require_unique(cells, EXPLAINED_KEY, "stage_cells")
    if nameless := int(cells["member"].isna().sum()):
        raise ValueError(f"stage_cells: {nameless} cells have no member; expected a name for every group of people")
    sums = cells.groupby(["week", "metric", "breakdown"], as_index=False)[["entered", "converted"]].sum()
    wholes = sums[sums["breakdown"] == TOTAL].drop(columns="breakdown")
    held = sums.merge(wholes, on=["week", "metric"], how="left", suffixes=("", "_of_all"))
    differ = (held["entered"] != held["entered_of_all"]) | (held["converted"] != held["converted_of_all"])
    if wrong := int(differ.sum()):
        raise ValueError(f"stage_cells: {wrong} breakdowns of a week do not add up to its member {TOTAL!r}")
    mature = is_mature(cells["week"], cells["window_seconds"], as_of)
    kept = ["week", *CELL_KEY, "mode", "window_seconds", "entered", "converted"]
    return cells.loc[mature & (cells["entered"] > 0), kept].sort_values(EXPLAINED_KEY, ignore_index=True)


def change_explained(stage_cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `change_explained`: one sorted row per week, metric, breakdown and member.

    Each mature week against the mature week before it (0 the earlier one, 1 the week itself). Row `all` holds the
    whole: its rates, the sums of the effects, the interval of the rate effect and the Simpson flag; its `change` is
    exactly the sum of its members'. Members too small to judge are pooled into `other`.
    """
    cells = mature_cohorts(stage_cells, as_of)
    pairs = _with_previous(cells)[["metric", "week", "previous_week"]].dropna(subset="previous_week")
    members = cells[cells["breakdown"] != TOTAL]
    later = pairs.merge(members, on=["metric", "week"])
    earlier = pairs.merge(members.rename(columns={"week": "previous_week"}), on=["metric", "previous_week"])
    both = pd.concat(
        [
            later.assign(entered0=0.0, converted0=0.0, entered1=later["entered"], converted1=later["converted"]),
            earlier.assign(entered0=earlier["entered"], converted0=earlier["converted"], entered1=0.0, converted1=0.0),
        ]
    )
    by = ["week", "previous_week", "metric", "breakdown"]
    summed = both.groupby([*by, "member"], as_index=False)[list(signals.COUNTS)].sum()
    parts = signals.decompose(signals.pool_small(summed, by, min_n), by)
    whole = signals.totals(parts, by)
    parts["is_simpson"], whole["is_simpson"] = pd.NA, whole["is_simpson"].astype("boolean")
    table = pd.concat([parts.astype({"is_simpson": "boolean"}), whole], ignore_index=True)
    return signals.with_interval(table).sort_values(EXPLAINED_KEY, ignore_index=True)[EXPLAINED_COLUMNS]


def baseline_counts(cells: pd.DataFrame, program_start: date, as_of: datetime) -> pd.DataFrame:
    """Entrants and conversions of the twelve weeks before the programme, per metric: all of them and the mix's members.

    From `mature_cohorts`. A metric has rows from the day on which the last of the twelve weeks is mature; `weeks` is
    how many of them anybody entered in.
    """
    end = np.datetime64(monday(program_start), "us")
    used = cells["breakdown"].isin((TOTAL, MIX_BREAKDOWN))
    window = cells[used & (cells["week"] < end) & (cells["week"] >= end - BASELINE_WEEKS * WEEK)]
    last = pd.Series(end - WEEK, index=window.index)
    window = window[is_mature(last, window["window_seconds"], as_of)]
    by = ["metric", "mode", "window_seconds", "breakdown", "member"]
    sums = window.groupby(by, as_index=False)[["entered", "converted"]].sum()
    filled = window[window["breakdown"] == TOTAL].groupby("metric")["week"].nunique()
    return sums.assign(weeks=sums["metric"].map(filled).astype("float64"))


def weekly_signals(
    stage_cells: pd.DataFrame,
    baselines: pd.DataFrame,
    kpi_targets: pd.DataFrame,
    as_of: datetime,
    program_start: date,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `weekly_signals`: one sorted row per mature week and metric, member `all`.

    Against the week before: difference (Newcombe), z test (sampling noise only; none below `min_n`), q over one
    week's metrics. Against the twelve mature weeks before: Laney limits and the signal, none below `min_n`. Against
    the frozen baseline (`baselines`: metric, breakdown, member, version, entered, converted, weeks), from the
    programme's start on: the last four mature weeks of the programme, raw, at equal mix, and at equal season. The
    headline `lift` is the seasonal one where there is one, else the one at equal mix, else the raw one.
    """
    cells = mature_cohorts(stage_cells, as_of)
    cells = cells[cells["breakdown"].isin({TOTAL, *baselines["breakdown"]})]
    whole = _with_previous(cells)
    rows = _week_over_week(whole, min_n).merge(_limits(whole, min_n), on=["week", "metric"])
    program = cells[cells["week"] >= pd.Timestamp(program_start)]
    lifts = _lifts(cells, program, baselines, program_start, min_n)
    rows = rows.merge(lifts, on=["week", "metric"], how="left")
    restated = baseline_counts(cells, program_start, as_of).query("breakdown == @TOTAL").set_index("metric")
    restated_rate = ratio(floats(restated["converted"]), floats(restated["entered"]))
    begun = (rows["week"] >= pd.Timestamp(program_start)).to_numpy()
    found = rows["metric"].map(pd.Series(restated_rate, index=restated.index)).astype("float64")
    rows["baseline_restated_rate"] = found.where(begun)
    rows["baseline_note"] = [_baseline_note(*pair) for pair in zip(begun, floats(rows["baseline_weeks"]), strict=True)]
    table = _judged(rows, kpi_targets)
    return table.assign(member=TOTAL).sort_values(SIGNAL_KEY, ignore_index=True)[SIGNAL_COLUMNS]


def _with_previous(cells: pd.DataFrame) -> pd.DataFrame:
    """The wholes in order of time, each with the mature week before it."""
    whole = cells[cells["breakdown"] == TOTAL].sort_values(["metric", "week"], ignore_index=True)
    earlier = whole.groupby("metric")[["week", "entered", "converted"]].shift().add_prefix("previous_")
    return pd.concat([whole, earlier], axis=1)


def _week_over_week(whole: pd.DataFrame, min_n: int) -> pd.DataFrame:
    k0, n0, k1, n1 = (
        floats(whole[name]) for name in ("previous_converted", "previous_entered", "converted", "entered")
    )
    compared = compare_rates(k0, n0, k1, n1).drop(columns=["lift", "lift_low", "lift_high", "continuity"])
    rows = pd.concat([whole[["week", "metric", "entered", "converted", "previous_week"]], compared], axis=1)
    low, high = wilson_interval(k1, n1)
    rows = rows.assign(rate=ratio(k1, n1), ci_low=low, ci_high=high, previous_rate=ratio(k0, n0))
    rows["is_small_sample"] = n1 < min_n
    rows["p_value"] = rows["p_value"].where(np.fmin(n0, n1) >= min_n)
    told = rows["p_value"].dropna()
    rows["q_value"] = told.groupby(rows["week"]).transform(lambda p: false_discovery_control(p.to_numpy()))
    rows["q_value"] = rows["q_value"].astype("float64")
    return rows


def _limits(whole: pd.DataFrame, min_n: int) -> pd.DataFrame:
    """Laney limits of every week from the weeks before it, which later weeks can never move."""
    found = []
    for metric, group in whole.groupby("metric"):
        n, k = floats(group["entered"]), floats(group["converted"])
        for i, week in enumerate(group["week"]):
            row: dict[str, object] = {"metric": metric, "week": week, "signal": "not_enough_weeks"}
            if i >= LIMIT_WEEKS:
                before = n[i - LIMIT_WEEKS : i], k[i - LIMIT_WEEKS : i]
                limits = signals.laney_limits(*before, n[i])
                row |= {"centre": limits.centre, "sigma_z": limits.sigma_z}
                row |= {"lcl": float(limits.low), "ucl": float(limits.high)}
                row["signal"] = signals.side_of_limits(limits, *before, n[i], k[i]) if n[i] >= min_n else "none"
            found.append(row)
    columns = ["metric", "week", "signal", "centre", "sigma_z", "lcl", "ucl"]
    numbers = dict.fromkeys(columns[3:], "float64")
    return pd.DataFrame(found, columns=columns).astype({"week": "datetime64[us]", "metric": "object", **numbers})


def _windows(program: pd.DataFrame) -> pd.DataFrame:
    """Each cell of the programme in the window of its week and of the three weeks after; `part` is its own week."""
    present = program.loc[program["breakdown"] == TOTAL, ["metric", "week"]]
    later = [program.assign(part=program["week"], week=program["week"] + back * WEEK) for back in range(CURRENT_WEEKS)]
    return present.merge(pd.concat(later), on=["metric", "week"])


def _lifts(
    cells: pd.DataFrame, program: pd.DataFrame, baselines: pd.DataFrame, program_start: date, min_n: int
) -> pd.DataFrame:
    """The current window of every week of the programme, its baseline, and the three lifts."""
    windows, by = _windows(program), ["week", "metric"]
    wholes = windows[windows["breakdown"] == TOTAL]
    rows = wholes.groupby(by, as_index=False).agg(
        current_entered=("entered", "sum"), current_converted=("converted", "sum"), current_weeks=("part", "nunique")
    )
    frozen = baselines[baselines["breakdown"] == TOTAL][["metric", "version", "entered", "converted", "weeks"]]
    rows = rows.merge(frozen.set_index("metric").add_prefix("baseline_").reset_index(), on="metric", how="left")
    k0, n0, k1, n1 = (
        floats(rows[f"{period}_{count}"]) for period in ("baseline", "current") for count in ("converted", "entered")
    )
    rows["baseline_rate"], rows["current_rate"] = ratio(k0, n0), ratio(k1, n1)
    rows = _put(rows, "raw", lift_interval(k0, n0, k1, n1)[:3])
    mix = _mix_lifts(windows, baselines, min_n)
    rows = rows.merge(mix, on=by, how="left")
    every_week = cells[cells["breakdown"] == TOTAL]
    seasonal = np.array([_seasonal(row, every_week, wholes, program_start) for _, row in rows.iterrows()]).reshape(
        -1, 4
    )
    rows = _put(rows, "seasonal", tuple(seasonal[:, :3].T))
    return rows.assign(seasonal_kind=np.where(seasonal[:, 3] == 1, "seasonal_model", "seasonal_ratio"))


def _put(rows: pd.DataFrame, estimate: str, triple: tuple[Floats, ...]) -> pd.DataFrame:
    ends = ("", "_low", "_high")
    return rows.assign(**{f"{estimate}_lift{end}": value for end, value in zip(ends, triple, strict=True)})


def _mix_lifts(windows: pd.DataFrame, baselines: pd.DataFrame, min_n: int) -> pd.DataFrame:
    """Lift of each window over the baseline with both at the mean of their shares of the mix's members."""
    by = ["week", "metric"]
    frozen = baselines[baselines["breakdown"] != TOTAL]
    # A baseline is compared by the breakdown it was frozen with.
    current = windows.merge(frozen[["metric", "breakdown"]].drop_duplicates(), on=["metric", "breakdown"])
    frozen = current[by].drop_duplicates().merge(frozen[["metric", "member", "entered", "converted"]], on="metric")
    both = pd.concat(
        [
            frozen.rename(columns={"entered": "entered0", "converted": "converted0"}),
            current.rename(columns={"entered": "entered1", "converted": "converted1"}),
        ]
    )
    counts = list(signals.COUNTS)
    summed = both.reindex(columns=[*by, "member", *counts]).fillna(dict.fromkeys(counts, 0.0))
    summed = summed.groupby([*by, "member"], as_index=False)[counts].sum()
    pooled = signals.pool_small(summed, by, min_n)
    # One member is the whole: nothing would be adjusted, and the headline would still say so.
    pooled = pooled[pooled.groupby(by)["member"].transform("size") > 1]
    whole = signals.totals(signals.decompose(pooled, by), by)
    lifts = _put(whole, "mix_adjusted", signals.lift_at_equal_mix(whole))
    return lifts[[*by, *(f"mix_adjusted_lift{end}" for end in ("", "_low", "_high"))]]


def _seasonal(row: pd.Series, every_week: pd.DataFrame, windows: pd.DataFrame, program_start: date) -> Floats:
    """(lift, low, high, 1 where modelled) of one window against the season; NaN while the history is too short."""
    whole = every_week[(every_week["metric"] == row["metric"]) & (every_week["week"] <= row["week"])]
    parts = windows.loc[(windows["metric"] == row["metric"]) & (windows["week"] == row["week"]), "part"]
    history = (row["week"] - whole["week"].min()) / WEEK + 1
    unknown = np.full(4, np.nan)
    if not 0 < row["baseline_rate"] < 1 or history < RATIO_WEEKS:
        return unknown
    if history >= MODEL_WEEKS:
        is_current = whole["week"].isin(parts).to_numpy()
        is_earlier = (whole["week"] >= pd.Timestamp(monday(program_start))).to_numpy() & ~is_current
        lift = signals.seasonal_model(
            whole["week"], whole["entered"], whole["converted"], is_current, is_earlier, row["baseline_rate"]
        )
        if np.isfinite(lift).all():
            return np.append(lift, 1.0)
    end = np.datetime64(monday(program_start), "us")
    base = whole[(whole["week"] < end - YEAR) & (whole["week"] >= end - YEAR - BASELINE_WEEKS * WEEK)]
    # Weeks of the programme tell no season: a year later they would hide the programme's own effect.
    current = whole[whole["week"].isin(parts - YEAR) & (whole["week"] < end)]
    if len(base) < BASELINE_WEEKS or len(current) < len(parts):
        return unknown
    arms = [(row["baseline_converted"], row["baseline_entered"]), (row["current_converted"], row["current_entered"])]
    arms += [(year["converted"].sum(), year["entered"].sum()) for year in (base, current)]
    return np.append(signals.seasonal_lift(*arms), 0.0)


def _baseline_note(has_begun: np.bool_, filled: float) -> str | None:
    if not has_begun:
        return "the week lies before the programme"
    if np.isnan(filled):
        return "nobody entered in the weeks before the programme"
    return None if filled == BASELINE_WEEKS else f"only {filled:.0f} of {BASELINE_WEEKS} weeks have entrants"


def _judged(rows: pd.DataFrame, kpi_targets: pd.DataFrame) -> pd.DataFrame:
    """Rows with the headline estimate, what kind of evidence it is, and its status against the target."""
    rows["estimate_kind"] = pd.Series(None, index=rows.index, dtype="object")
    rows[["lift", "lift_low", "lift_high"]] = np.nan
    for name in ESTIMATES:  # the later one holds where it is known
        columns = [f"{name}_lift{end}" for end in ("", "_low", "_high")]
        known = np.isfinite(rows[columns].to_numpy("float64")).all(axis=1)
        rows.loc[known, ["lift", "lift_low", "lift_high"]] = rows.loc[known, columns].to_numpy()
        rows.loc[known, "estimate_kind"] = name
    seasonal = rows["estimate_kind"] == "seasonal"
    rows.loc[seasonal, "estimate_kind"] = rows.loc[seasonal, "seasonal_kind"]
    rows["estimate_note"] = pd.Series(PARALLEL_YEARS, index=rows.index, dtype="object").where(seasonal, None)
    rows["evidence"] = rows["estimate_kind"].map(EVIDENCE).astype("object")
    wanted = kpi_targets[(kpi_targets["kpi"] == "journey_conversion") & (kpi_targets["target_set"] == "mvp")]
    judged = rows.rename(columns={"lift": "improvement", "rate": "actual", "baseline_rate": "baseline"}).assign(
        ci_low=rows["lift_low"],
        ci_high=rows["lift_high"],
        target=floats(wanted["target"])[0],
        target_type="relative",
        kind="proportion",
    )
    _, relative_target, _ = scorecard.aim(judged)
    rows["target"], rows["status"] = relative_target, scorecard.status(judged, relative_target)
    rows["required_n"] = signals.required_n(floats(rows["baseline_rate"]), relative_target)
    return rows
