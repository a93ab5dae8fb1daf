"""What is measured about each segment, and who moved between them: counts in, rates with uncertainty out.

Holds: the released tables `segments`, `segment_sets`, `segment_metrics`, `segment_migration`, `segment_stability`,
`retention` and `value_concentration`.
Add here: a metric formed from segment cells (one line in METRICS).
Must not be here: the rules (`segment_rules.py` and its seed), assigning customers (SQL in `journeys`), any I/O.

Sources: Wilson 1927 for shares; Benjamini and Hochberg 1995 for comparing each segment with the rest; the population
stability index of credit scoring; the Gini coefficient on ordered values.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from journey_pipeline.conversion import Bools, compare_rates, floats, ratio, require_unique, weeks, wilson_interval
from journey_pipeline.experience import net_promoter_score
from journey_pipeline.segment_rules import CLUSTERS, UNKNOWN, load_rules

NOT_CLUSTERED = "not_clustered"
NOT_YET_KNOWN = "not_yet_known"
# Above this on a set of rules, thresholds moved or the data broke.
UNSTEADY = 0.25

SEGMENT_KEY = ["week", "segment_set", "segment"]
SEGMENT_METRICS_KEY = [*SEGMENT_KEY, "metric"]
SEGMENT_METRICS_COLUMNS = [
    *SEGMENT_METRICS_KEY,
    "numerator",
    "denominator",
    "value",
    "ci_low",
    "ci_high",
    "q_value",
    "is_small_sample",
    "is_suppressed",
    "reason",
]
SEGMENT_MIGRATION_KEY = ["week", "segment_set", "from_segment", "to_segment"]
SEGMENT_MIGRATION_COLUMNS = [
    *SEGMENT_MIGRATION_KEY,
    "customers",
    "share",
    "ci_low",
    "ci_high",
    "is_small_sample",
    "is_rule_change",
    "from_rule_version",
    "to_rule_version",
]
RETENTION_KEY = ["cohort_week", "interval_number", "kind"]


@dataclass(frozen=True)
class Metric:
    """A quotient of two columns of the cells; a share has an interval and is compared with the rest."""

    numerator: str
    denominator: str
    is_share: bool = False
    open_days: int = 0  # days after the week until it is known
    open_flag: str = ""  # or the column that says whether it is


METRICS = {
    "customer_share": Metric("customers", "all_customers", is_share=True),
    "purchase_rate": Metric("purchasers", "customers", is_share=True),
    "orders_per_customer": Metric("orders", "customers"),
    "revenue_per_customer": Metric("revenue", "customers"),
    "average_order_value": Metric("revenue", "orders"),
    "entries_per_customer": Metric("entries", "customers"),
    "conversion_rate": Metric("conversions", "entries", is_share=True, open_flag="is_mature"),
    "retention_90_days": Metric("recent_buyers_returned", "recent_buyers", is_share=True, open_days=90),
    "nps": Metric("net_promoters", "nps_answers"),
    "csat": Metric("positives", "csat_answers", is_share=True),
}


def segments() -> pd.DataFrame:
    """Released table `segments`: every rule of every version, in the order they are tried; unknown has none."""
    rows = [
        (
            version.segment_set,
            version.valid_from,
            rule.position,
            rule.segment,
            rule.description,
            rule.rule,
            version.rule_version,
        )
        for version in load_rules()
        for rule in version.rules
    ]
    names = ["segment_set", "valid_from", "position", "segment", "description", "rule", "rule_version"]
    return pd.DataFrame(rows, columns=names)


def segment_sets(
    segment_cells: pd.DataFrame,
    cluster_cells: pd.DataFrame,
    value_segment_cells: pd.DataFrame,
    attitude_scales: pd.DataFrame,
    cluster_quality: pd.DataFrame,
    prediction_models: pd.DataFrame,
    as_of: datetime,
) -> pd.DataFrame:
    """Released table `segment_sets`: one row per set in the last week, with whom it can say something of, and why not.

    known_share is of customers in any segment but unknown (or not clustered).
    """
    cells = _all_cells(segment_cells, cluster_cells, value_segment_cells)
    cells = cells[cells["week"] == cells["week"].max()]
    nothing = cells["segment"].isin([UNKNOWN, NOT_CLUSTERED])
    listed = cells.assign(known=cells["customers"].where(~nothing, 0)).groupby("segment_set")[["customers", "known"]]
    table = listed.sum().reset_index().rename(columns={"known": "known_customers"})
    versions = {one.segment_set: one for one in reversed(load_rules()) if str(one.valid_from) <= str(as_of.date())}
    table["rule_version"] = [versions[name].rule_version if name in versions else None for name in table["segment_set"]]
    table["known_share"] = ratio(table["known_customers"], table["customers"])
    table["reason"] = [
        (_why_unpredicted(prediction_models) if name in versions and versions[name].is_predicted else None)
        or _why_unknown(name, known, attitude_scales, cluster_quality)
        for name, known in zip(table["segment_set"], table["known_customers"], strict=True)
    ]
    names = ["segment_set", "rule_version", "customers", "known_customers", "known_share", "reason"]
    return pd.DataFrame(table[names])


def _why_unpredicted(models: pd.DataFrame) -> str | None:
    value = models[models["target"] == "value_365"]
    return next((str(one) for one in value.loc[~value["is_released"].astype(bool), "reason"].dropna()), None)


def _why_unknown(name: str, known: float, scales: pd.DataFrame, quality: pd.DataFrame) -> str | None:
    if name == "psychographic":
        listed = scales.sort_values("scale")[["scale", "reason"]].itertuples(index=False, name=None)
        told = [f"{scale}: {reason!s}" for scale, reason in listed if reason]
        return "; ".join(told) or None
    if name == CLUSTERS:
        latest = quality[(quality["week"] == quality["week"].max()) & quality["is_chosen"]]
        return next((str(one) for one in latest["reason"].dropna()), None)
    return None if known else "nothing that its rules ask is known of anybody"


def segment_metrics(
    segment_cells: pd.DataFrame,
    cluster_cells: pd.DataFrame,
    value_segment_cells: pd.DataFrame,
    as_of: datetime,
    *,
    min_n: int = 30,
    min_customers: int = 20,
) -> pd.DataFrame:
    """Released table `segment_metrics`: one row per week x segment_set x segment x metric of METRICS, sorted by it.

    Shares have Wilson intervals and, customer_share apart, a q-value against all other segments of the set together,
    adjusted over the segments of the week (Benjamini and Hochberg). Sums per customer have no interval: the cells carry
    no sums of squares. A metric of fewer than `min_customers` people, orders or answers is withheld
    (`is_suppressed`), as everything is of a segment with fewer customers; the size itself is always told. What is not
    over yet is empty, with the reason. Raises ValueError when a key repeats or a share exceeds one.
    """
    cells = _all_cells(segment_cells, cluster_cells, value_segment_cells)
    require_unique(cells, SEGMENT_KEY, "segment_cells")
    cells["net_promoters"] = cells["promoters"] - cells["detractors"]
    cells["all_customers"] = cells.groupby(["week", "segment_set"])["customers"].transform("sum")
    parts = [_measured(cells, name, metric, as_of, min_n, min_customers) for name, metric in METRICS.items()]
    table = pd.concat(parts, ignore_index=True)
    table["q_value"] = _adjusted(table)
    return table.sort_values(SEGMENT_METRICS_KEY, ignore_index=True)[SEGMENT_METRICS_COLUMNS]


def _all_cells(segment_cells: pd.DataFrame, *later: pd.DataFrame) -> pd.DataFrame:
    """Cells of rules, of clusters and of what is predicted as one frame of floats."""
    given = [cells for cells in (segment_cells, *later) if len(cells)]
    cells = pd.concat(given or [segment_cells], ignore_index=True)
    numbers = [name for name in cells.columns if name not in (*SEGMENT_KEY, "is_mature")]
    return cells.assign(week=weeks(cells["week"]), **{name: floats(cells[name]) for name in numbers})


def _measured(
    cells: pd.DataFrame, name: str, metric: Metric, as_of: datetime, min_n: int, min_customers: int
) -> pd.DataFrame:
    part = cells[SEGMENT_KEY].assign(metric=name)
    k, n = cells[metric.numerator].to_numpy(), cells[metric.denominator].to_numpy()
    ended = (cells["week"] + timedelta(days=7 + metric.open_days) <= pd.Timestamp(as_of)).to_numpy()
    over = cells[metric.open_flag].eq(True).to_numpy() if metric.open_flag else ended
    is_size = name == "customer_share"
    size = cells["customers"].to_numpy()
    # Entries of people nobody knew before stand in a segment without customers.
    suppressed = (not is_size) & (n > 0) & ((n < min_customers) | ((size > 0) & (size < min_customers)))
    told = over & (n > 0) & ~suppressed
    value, low, high = ratio(k, n), np.full(len(k), np.nan), np.full(len(k), np.nan)
    if metric.is_share:
        low, high = wilson_interval(k, n)
    elif name == "nps":
        value, low, high = net_promoter_score(cells["promoters"], cells["detractors"], n)
    for column, numbers in (("value", value), ("ci_low", low), ("ci_high", high)):
        part[column] = np.where(told, numbers, np.nan)
    part["numerator"] = np.where(suppressed | ~over, np.nan, k)
    part["denominator"] = n
    part["is_small_sample"] = n < min_n
    part["is_suppressed"] = suppressed
    reasons = [n <= 0, ~over, suppressed]
    texts = ["nobody to measure", "not over yet", f"fewer than {min_customers}"]
    part["reason"] = np.select(reasons, texts, default="")
    part["reason"] = part["reason"].where(part["reason"] != "", None)
    part["p_value"] = np.nan
    if metric.is_share and not is_size:
        part["p_value"] = np.where(told & (n >= min_n), _against_rest(part, k, n, min_n), np.nan)
    return part


def _against_rest(part: pd.DataFrame, k: np.ndarray, n: np.ndarray, min_n: int) -> np.ndarray:
    """p-value of each segment's share against that of all others of its set and week."""
    groups = [part["week"], part["segment_set"]]
    rest_k = pd.Series(k).groupby(groups).transform("sum").to_numpy() - k
    rest_n = pd.Series(n).groupby(groups).transform("sum").to_numpy() - n
    p = compare_rates(rest_k, rest_n, k, n)["p_value"].to_numpy()
    return np.where(rest_n >= min_n, p, np.nan)


def _adjusted(table: pd.DataFrame) -> pd.Series:
    told = table["p_value"].dropna()
    groups = [table.loc[told.index, name] for name in ("week", "segment_set", "metric")]
    adjusted = told.groupby(groups).transform(lambda p: false_discovery_control(p.to_numpy()))
    return adjusted.reindex(table.index).astype("float64")


def segment_migration(migration_cells: pd.DataFrame, cluster_moves: pd.DataFrame, *, min_n: int = 30) -> pd.DataFrame:
    """Released table `segment_migration`: each move with its share of the customers who left `from_segment`.

    Stayers are moves from a segment to itself. Wilson intervals; `is_small_sample` when fewer than `min_n` customers
    were in `from_segment`; `is_rule_change` where the set's rules are others than a week before. Shares of one
    from_segment sum to 1. Raises ValueError when a key repeats.
    """
    table = _moves(migration_cells, cluster_moves)
    require_unique(table, SEGMENT_MIGRATION_KEY, "migration_cells")
    moved = pd.Series(floats(table["customers"]))
    leaving = [table[name] for name in SEGMENT_MIGRATION_KEY[:3]]
    total = moved.groupby(leaving, dropna=False).transform("sum").to_numpy()
    table["share"] = ratio(moved, total)
    table["ci_low"], table["ci_high"] = wilson_interval(moved, total)
    table["is_small_sample"] = total < min_n
    table["is_rule_change"] = _changed(table)
    return table.sort_values(SEGMENT_MIGRATION_KEY, ignore_index=True)[SEGMENT_MIGRATION_COLUMNS]


def _moves(migration_cells: pd.DataFrame, cluster_moves: pd.DataFrame) -> pd.DataFrame:
    given = [cells for cells in (migration_cells, cluster_moves) if len(cells)]
    table = pd.concat(given or [migration_cells], ignore_index=True)
    return table.assign(week=weeks(table["week"]))


def _changed(moves: pd.DataFrame) -> pd.Series:
    return moves["from_rule_version"].fillna("") != moves["to_rule_version"].fillna("")


def segment_stability(migration_cells: pd.DataFrame, cluster_moves: pd.DataFrame, floor: float = 1e-4) -> pd.DataFrame:
    """Released table `segment_stability`: how far each set moved in a week, of the customers known in both.

    `stability_index` is the population stability index sum((q - p) ln(q / p)) of the segment shares before (p) and
    after (q), shares floored at `floor`. `to_dormant_share` is of those who were not dormant, in sets with such a
    segment. `is_unsteady` marks an index above UNSTEADY under unchanged rules.
    """
    cells = _moves(migration_cells, cluster_moves)
    cells["customers"] = floats(cells["customers"])
    cells["is_rule_change"] = _changed(cells)
    rows = []
    for (week, name), moves in cells[cells["from_segment"] != NOT_YET_KNOWN].groupby(["week", "segment_set"]):
        total = moves["customers"].sum()
        before, after = (moves.groupby(side)["customers"].sum() / total for side in ("from_segment", "to_segment"))
        before, after = before.align(after, join="outer", fill_value=0.0)
        p, q = before.clip(lower=floor), after.clip(lower=floor)
        index = float(((q - p) * np.log(q / p)).sum())
        stayed = moves.loc[moves["from_segment"] == moves["to_segment"], "customers"].sum() / total
        awake = moves[moves["from_segment"] != "dormant"]
        asleep = awake.loc[awake["to_segment"] == "dormant", "customers"].sum()
        dormant = float(ratio(asleep, awake["customers"].sum())) if "dormant" in before.index else np.nan
        changed = bool(moves["is_rule_change"].any())
        rows.append((week, name, total, stayed, index, dormant, changed, index > UNSTEADY and not changed))
    names = ["week", "segment_set", "customers", "stayers_share", "stability_index", "to_dormant_share"]
    return pd.DataFrame(rows, columns=[*names, "is_rule_change", "is_unsteady"])


def retention(retention_cells: pd.DataFrame, *, min_n: int = 30) -> pd.DataFrame:
    """Released table `retention`: cohort week x interval x kind, the share that was active, with Wilson interval.

    recurring: active in the interval; rolling: in it and every one before; unbounded: in it or later, which still
    rises while customers come back. An interval that is not over is empty, with the reason.
    """
    require_unique(retention_cells, RETENTION_KEY, "retention_cells")
    table = retention_cells.assign(cohort_week=weeks(retention_cells["cohort_week"])).reset_index(drop=True)
    retained, customers = floats(table["retained"]), floats(table["customers"])
    over = table["is_complete"].to_numpy(dtype=bool)
    low, high = wilson_interval(retained, customers)
    table["retained"] = np.where(over, retained, np.nan)
    for column, numbers in (("share", ratio(retained, customers)), ("ci_low", low), ("ci_high", high)):
        table[column] = np.where(over, numbers, np.nan)
    table["is_small_sample"] = customers < min_n
    table["reason"] = _where_not(over, "the interval is not over yet")
    columns = ["customers", "retained", "share", "ci_low", "ci_high", "is_complete", "is_small_sample", "reason"]
    return table.sort_values(RETENTION_KEY, ignore_index=True)[[*RETENTION_KEY, *columns]]


def _where_not(told: Bools, reason: str) -> list[str | None]:
    """The reason, where there is no number."""
    return [None if one else reason for one in told]


def value_concentration(value_cells: pd.DataFrame) -> pd.DataFrame:
    """Released table `value_concentration`: one row per week, how unequally the year's net revenue is spread.

    The Gini coefficient 2 sum(i x_i) / (n sum x) - (n + 1) / n over customers in order of revenue, and the share of the
    best tenth. Empty, with the reason, where a customer's revenue is negative or nobody's is positive.
    """
    table = value_cells.assign(week=weeks(value_cells["week"])).reset_index(drop=True)
    n, total, ranked = (floats(table[name]) for name in ("customers", "revenue", "ranked_revenue"))
    told = (total > 0) & (floats(table["negative_customers"]) == 0)
    table["gini"] = np.where(told, ratio(2 * ranked, n * total) - ratio(n + 1, n), np.nan)
    table["top_tenth_share"] = np.where(told, ratio(floats(table["top_tenth_revenue"]), total), np.nan)
    table["reason"] = _where_not(told, "revenue is not positive for everybody, refunds exceed orders")
    names = ["week", "customers", "revenue", "top_tenth_customers", "top_tenth_share", "gini", "reason"]
    return table.sort_values("week", ignore_index=True)[names]
