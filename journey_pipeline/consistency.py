"""Is the experience the same everywhere? Whether touchpoints agree, for one customer and among each other.

Holds: the measures of consistency over customers and over touchpoints, their proxy, and the released tables
`consistency` and `consistency_touchpoints`.
Add here: a measure of how far touchpoints agree.
Never here: what a customer rated (SQL in `journeys`), targets and statuses (`scorecard`), any I/O.

No standard exists. The customer view follows a person and has an interval; the touchpoint view compares what different
people said. Uniformly bad is consistent too: `consistently_good` and the floor of the touchpoint view say so.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Numbers, floats, ratio, require_unique, weeks, wilson_interval

CONSISTENCY_KEY = ["week", "measure"]
CONSISTENCY_COLUMNS = [
    *CONSISTENCY_KEY,
    "value",
    "ci_low",
    "ci_high",
    "numerator",
    "denominator",
    "n",
    "is_headline",
    "is_proxy",
    "is_small_sample",
    "target_mvp",
    "target_excellence",
    "detail",
]
TOUCHPOINT = ["family", "instrument", "definition_id"]
CONSISTENCY_TOUCHPOINTS_KEY = ["week", *TOUCHPOINT]
CONSISTENCY_TOUCHPOINTS_COLUMNS = [
    *CONSISTENCY_TOUCHPOINTS_KEY,
    "answers",
    "score",
    "mean_score",
    "ci_low",
    "ci_high",
    "is_scored",
    "is_compared",
    "in_band",
]
# Half a band around the mean, and the lowest share of positive answers that may count as consistent.
BAND, FLOOR = 0.10, 0.70
# The largest standard deviation that shares can have: half at 0, half at 1.
LARGEST_SD = 0.5
# Below these the customer view is not the headline, and what the site keeps of its standard stands in for it.
MIN_ELIGIBLE, MIN_COVERAGE = 100, 0.10
PROXY_WEEKS = 13


def touchpoint_view(score: Numbers, n: Numbers) -> tuple[float, float, float, np.ndarray]:
    """Weighted mean, share of the weight within the band and above the floor, 1 - SD / 0.5, and who is in the band."""
    p, size = np.asarray(score, float), np.asarray(n, float)
    weight = ratio(size, size.sum())
    mean = float(np.sum(weight * p)) if len(p) else np.nan
    # Shares are quotients of counts: one that lies on the edge is in the band whatever the last bit says.
    inside = (np.abs(p - mean) <= BAND + 1e-12) & (p >= FLOOR - 1e-12)
    spread = np.sqrt(np.sum(weight * (p - mean) ** 2)) if len(p) else np.nan
    return mean, float(np.sum(weight[inside])) if len(p) else np.nan, float(1 - spread / LARGEST_SD), inside


def consistency_touchpoints(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `consistency_touchpoints` from `consistency_touchpoint_cells`, sorted by its key.

    `is_scored`: at least `min_n` answers. `is_compared`: satisfaction on the scale that most scored touchpoints share,
    because shares on two scales are two things; `in_band` is empty elsewhere.
    """
    require_unique(cells, CONSISTENCY_TOUCHPOINTS_KEY, "consistency_touchpoint_cells")
    table = cells.assign(week=weeks(cells["week"]), answers=floats(cells["answers"]))
    table = table.sort_values(CONSISTENCY_TOUCHPOINTS_KEY, ignore_index=True)
    positives = np.where(table["instrument"] == "NPS", 0.0, floats(table["positives"]))
    trials = np.where(table["instrument"] == "NPS", 0.0, table["answers"])
    table["score"] = ratio(positives, trials)
    table["mean_score"] = ratio(floats(table["score_share_sum"]), table["answers"])
    table["ci_low"], table["ci_high"] = wilson_interval(positives, trials)
    table["is_scored"] = table["answers"] >= min_n
    table["is_compared"], table["in_band"] = False, pd.Series(pd.NA, index=table.index, dtype="boolean")
    for _, rows in table[table["is_scored"] & (table["instrument"] == "CSAT")].groupby("week"):
        chosen = _one_scale(rows)
        table.loc[chosen.index, "is_compared"] = True
        table.loc[chosen.index, "in_band"] = touchpoint_view(chosen["score"], chosen["answers"])[3]
    return pd.DataFrame(table[CONSISTENCY_TOUCHPOINTS_COLUMNS])


def _one_scale(rows: pd.DataFrame) -> pd.DataFrame:
    """The touchpoints of the scale that most of them share; then of the one with most answers, then by name."""
    scale = rows["definition_id"].str.split(":").str[1]
    sizes = rows.groupby(scale)["answers"].agg(["size", "sum"]).reset_index()
    first = sizes.sort_values(["size", "sum", "definition_id"], ascending=[False, False, True]).iloc[0]
    return pd.DataFrame(rows[scale == first["definition_id"]])


def consistency(
    customers: pd.DataFrame,
    touchpoints: pd.DataFrame,
    service: pd.DataFrame,
    kpi_targets: pd.DataFrame,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `consistency`, one row per week and measure, from cells of customers, touchpoints and service.

    `is_headline` marks the one to read: the customer view, or the proxy (`is_proxy`) in a week with fewer than
    MIN_ELIGIBLE customers to judge, or less than MIN_COVERAGE of those who rated anything. The two have names of their
    own, so that no series holds both. Raises ValueError when a key repeats.
    """
    require_unique(customers, ["week"], "consistency_cells")
    parts = [_customer_view(customers), _touchpoint_view(consistency_touchpoints(touchpoints, min_n)), _proxy(service)]
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=CONSISTENCY_COLUMNS)
    table = pd.concat(filled, ignore_index=True)
    table = table[table["week"].isin(weeks(customers["week"]))]
    enough = _enough(customers)
    real = table["week"].map(enough).fillna(False).astype(bool)
    table["is_proxy"] = table["measure"] == "service_standard_kept"
    table["is_headline"] = ((table["measure"] == "customers_agree") & real) | (table["is_proxy"] & ~real)
    table["is_small_sample"] = ~(floats(table["n"]) >= min_n)
    targets = (
        kpi_targets[kpi_targets["kpi"] == "experience_consistency"].set_index("target_set")["target"].astype(float)
    )
    for name in ("mvp", "excellence"):
        judged = table["measure"].isin(["customers_agree", "touchpoints_in_band", "service_standard_kept"])
        table[f"target_{name}"] = np.where(judged, targets.get(name, np.nan), np.nan)
    return table.sort_values(CONSISTENCY_KEY, ignore_index=True)[CONSISTENCY_COLUMNS]


def _enough(customers: pd.DataFrame) -> pd.Series:
    eligible = floats(customers["eligible"])
    covered = ratio(eligible, floats(customers["rated"])) >= MIN_COVERAGE
    return pd.Series((eligible >= MIN_ELIGIBLE) & covered, index=weeks(customers["week"]))


def _rows(measure: str, week: pd.Series, k: Numbers, n: Numbers, size: Numbers) -> pd.DataFrame:
    """Share k / n with the Wilson interval of `size` equal voices."""
    share = np.minimum(ratio(k, n), 1)
    trials = np.nan_to_num(np.asarray(size, float))
    low, high = wilson_interval(np.nan_to_num(share) * trials, trials)
    frame = pd.DataFrame({"week": week, "value": share, "ci_low": low, "ci_high": high, "numerator": k})
    return frame.assign(measure=measure, denominator=np.asarray(n, float), n=trials, detail=None)


def _customer_view(cells: pd.DataFrame) -> pd.DataFrame:
    week, weights = weeks(cells["week"]), floats(cells["weights"])
    effective = ratio(weights**2, floats(cells["squared_weights"]))
    agree, good = (floats(cells[f"weighted_{name}"]) for name in ("consistent", "consistently_good"))
    eligible, rated = floats(cells["eligible"]), floats(cells["rated"])
    return pd.concat(
        [
            _rows("customers_agree", week, agree, weights, effective),
            _rows("consistently_good", week, good, weights, effective),
            _rows("coverage", week, eligible, rated, rated),
        ]
    )


def _touchpoint_view(table: pd.DataFrame) -> pd.DataFrame:
    found: list[dict[str, object]] = []
    for week, rows in table.groupby("week"):
        scored, compared = rows[rows["is_scored"]], rows[rows["is_compared"]]
        left_out = rows[~rows["is_scored"]]
        mean, in_band, agreement, _ = touchpoint_view(compared["score"], compared["answers"])
        n, gap, pair = compared["answers"].sum(), *_worst_pair(compared)
        parity = ratio(scored["mean_score"].min(), scored["mean_score"].max()) if len(scored) > 1 else np.nan
        comparable = len(compared) > 1
        scale = "; ".join(sorted(set(compared["definition_id"]))) or "no satisfaction question has enough answers"
        for measure, value, detail in (
            ("touchpoints_in_band", in_band if comparable else np.nan, scale),
            ("touchpoint_agreement", agreement if comparable else np.nan, scale),
            ("touchpoint_mean", mean, scale),
            ("worst_gap", gap, pair),
            ("touchpoint_parity", parity, None),
            ("unscored_touchpoints", len(left_out), "; ".join(_names(left_out)) or None),
        ):
            found.append({"week": week, "measure": measure, "value": float(value), "n": n, "detail": detail})
    empty = ["week", "measure", "value", "ci_low", "ci_high", "numerator", "denominator", "n", "detail"]
    return pd.DataFrame(found).reindex(columns=empty)


def _names(rows: pd.DataFrame) -> list[str]:
    return [f"{family} ({question})" for family, question in zip(rows["family"], rows["definition_id"], strict=True)]


def _worst_pair(rows: pd.DataFrame) -> tuple[float, str | None]:
    named = sorted(zip(rows["score"], _names(rows), strict=True), key=lambda one: one[1])
    pairs = [(abs(a[0] - b[0]), f"{a[1]} and {b[1]}") for a, b in combinations(named, 2)]
    return max(pairs, key=lambda pair: pair[0]) if pairs else (np.nan, None)


def _proxy(service: pd.DataFrame) -> pd.DataFrame:
    """Share of the site's touchpoint-weeks of a quarter that kept their service standard."""
    counted = service.assign(week=weeks(service["week"]), met=service["is_met"].astype(bool).astype(float))
    weekly = counted.groupby("week")["met"].agg(["sum", "size"])
    if weekly.empty:
        return pd.DataFrame()
    full = weekly.reindex(pd.date_range(weekly.index.min(), weekly.index.max(), freq="7D"), fill_value=0)
    rolling = full.rolling(PROXY_WEEKS, min_periods=1).sum().reset_index(names="week")
    return _rows("service_standard_kept", rolling["week"], rolling["sum"], rolling["size"], rolling["size"])
