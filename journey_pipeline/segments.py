"""Who the customers are as segments: the maps, the lifecycle, and what is measured about each.

Holds: both RFM maps as literals, the lifecycle in its order, the released tables `segments`,
`segment_metrics`, `segment_migration`, and the text of the seed `rfm_segments`.
Add here: a map (one entry in RFM_MAPS), a lifecycle state, a metric formed from segment cells (one line in
METRICS).
Never here: scoring customers or assigning them (SQL in `journeys`), any I/O.

A rule is a SQL predicate; the first that holds wins. RFM rules read recency_score, frequency_score,
monetary_score (1 to 5, 5 best); lifecycle rules read order_count, days_since_first_order,
days_since_last_order and days_since_return_order (the latest order that came more than 180 days after the one
before).
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from journey_pipeline.conversion import floats, ratio, require_unique, weeks, wilson_interval

RfmMap = Literal["eleven", "short"]


@dataclass(frozen=True)
class Segment:
    """One segment: its name, what it means for people, and the predicate that puts a customer there."""

    segment: str
    description: str
    rule: str


# The eleven-segment map. Codes are recency, frequency, monetary; each of the 125 appears once.
# `about_to_sleep` must hold 231, 241 and 251: a common variant of this map leaves those three customers
# without a segment.
ELEVEN_CODES = {
    "champions": "555 554 544 545 454 455 445",
    "loyal": "543 444 435 355 354 345 344 335",
    "potential_loyalist": "553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423 353 "
    "352 351 342 341 333 323",
    "new": "512 511 422 421 412 411 311",
    "promising": "525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313",
    "need_attention": "535 534 443 434 343 334 325 324",
    "about_to_sleep": "331 321 312 221 213 231 241 251",
    "at_risk": "255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124",
    "cannot_lose": "155 154 144 214 215 115 114 113",
    "hibernating": "332 322 233 232 223 222 132 123 122 212 211",
    "lost": "111 112 121 131 141 151",
}
ELEVEN_DESCRIPTIONS = {
    "champions": "Bought recently, buy often, spend most",
    "loyal": "Buy often and spend well",
    "potential_loyalist": "Recent buyers with more than one order and average spend",
    "new": "Bought recently for the first time or nearly so, low spend",
    "promising": "Recent buyers who spend well but have ordered seldom",
    "need_attention": "Above average in everything, not bought very recently",
    "about_to_sleep": "Below average recency and frequency, about to be lost",
    "at_risk": "Used to order often and spend well, long ago",
    "cannot_lose": "Spent most once, not seen for long",
    "hibernating": "Last order long ago, few orders, low spend",
    "lost": "Lowest recency and spend",
}
# Tried first: a rule on scores says nothing about who has none.
NOT_RATED = Segment("not_rated", "No order in the last year", "recency_score is null")
# The short map: conditions on recency r and frequency f, the first that holds wins.
SHORT = (
    Segment("champions", "Recent and frequent", "recency_score >= 4 and frequency_score >= 4"),
    Segment("loyal", "Frequent", "frequency_score >= 4"),
    Segment("promising", "Recent, not yet frequent", "recency_score >= 4"),
    Segment("at_risk", "Frequent before, not lately", "recency_score <= 2 and frequency_score >= 3"),
    Segment("hibernating", "Neither recent nor frequent", "recency_score <= 2"),
    Segment("needs_attention", "In the middle of both", "true"),
)

LIFECYCLE = (
    Segment("prospect", "Known, no order yet", "order_count = 0"),
    Segment("new", "First order at most 30 days ago", "days_since_first_order <= 30"),
    Segment("dormant", "Last order more than 180 days ago", "days_since_last_order > 180"),
    Segment("at_risk", "Last order more than 60 days ago", "days_since_last_order > 60"),
    Segment(
        "resurrected",
        "Ordered in the last 30 days after more than 180 days without",
        "days_since_return_order <= 30",
    ),
    Segment("current", "Ordered in the last 60 days", "true"),
)

# metric -> (numerator column, denominator column, whether it is a share of people and so has a Wilson
# interval).
METRICS = {
    "customer_share": ("customers", "all_customers", True),
    "purchase_rate": ("purchasers", "customers", True),
    "orders_per_customer": ("orders", "customers", False),
    "revenue_per_customer": ("revenue", "customers", False),
}

SEGMENT_METRICS_KEY = ["week", "segment_set", "segment", "metric"]
SEGMENT_METRICS_COLUMNS = [
    *SEGMENT_METRICS_KEY,
    "numerator",
    "denominator",
    "value",
    "ci_low",
    "ci_high",
    "is_small_sample",
]
SEGMENT_MIGRATION_KEY = ["week", "segment_set", "from_segment", "to_segment"]
SEGMENT_MIGRATION_COLUMNS = [
    *SEGMENT_MIGRATION_KEY,
    "customers",
    "share",
    "ci_low",
    "ci_high",
    "is_small_sample",
]


def _short_segment(recency: int, frequency: int) -> str:
    """The short map as the conditions of SHORT, in their order."""
    if frequency >= 4:
        return "champions" if recency >= 4 else "loyal"
    if recency >= 4:
        return "promising"
    if recency <= 2:
        return "at_risk" if frequency >= 3 else "hibernating"
    return "needs_attention"


def rfm_map(name: RfmMap = "eleven") -> pd.DataFrame:
    """All 125 score combinations with their segment, sorted: recency, frequency, monetary, rfm ('555'),
    segment.

    Raises ValueError when a code of the eleven-segment map is missing or listed twice.
    """
    codes = list(product(range(1, 6), repeat=3))
    frame = pd.DataFrame(codes, columns=["recency", "frequency", "monetary"])
    frame["rfm"] = ["".join(map(str, code)) for code in codes]
    if name == "short":
        return frame.assign(segment=[_short_segment(r, f) for r, f, _ in codes])
    listed = [(code, segment) for segment, text in ELEVEN_CODES.items() for code in text.split()]
    if sorted(code for code, _ in listed) != list(frame["rfm"]):
        raise ValueError(f"the RFM map lists {len(listed)} codes; expected each of the 125 exactly once")
    return frame.assign(segment=frame["rfm"].map(dict(listed)))


def rfm_seed_csv(name: RfmMap = "eleven") -> str:
    """Text of the seed `rfm_segments.csv`: recency_score, frequency_score, monetary_score, segment; 125
    rows."""
    frame = rfm_map(name).drop(columns="rfm")
    frame.columns = pd.Index(["recency_score", "frequency_score", "monetary_score", "segment"])
    return frame.to_csv(index=False, lineterminator="\n")


def _eleven() -> tuple[Segment, ...]:
    code = "recency_score * 100 + frequency_score * 10 + monetary_score"
    return tuple(
        Segment(name, ELEVEN_DESCRIPTIONS[name], f"{code} in ({', '.join(text.split())})")
        for name, text in ELEVEN_CODES.items()
    )


def segments(rfm: RfmMap = "eleven") -> pd.DataFrame:
    """Released table `segments`: segment_set ('rfm' by the map named, 'lifecycle'), segment, description,
    rule.

    Rows keep the order in which the rules are tried.
    """
    sets = {"rfm": (NOT_RATED, *(_eleven() if rfm == "eleven" else SHORT)), "lifecycle": LIFECYCLE}
    rows = [(name, s.segment, s.description, s.rule) for name, members in sets.items() for s in members]
    return pd.DataFrame(rows, columns=["segment_set", "segment", "description", "rule"])


def segment_metrics(segment_cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `segment_metrics`: one row per week x segment_set x segment x metric of METRICS, sorted
    by it.

    customer_share is of all customers of the set in the week; purchase_rate and customer_share have Wilson
    intervals. Orders and revenue per customer have none: the cells carry no sums of squares, and an interval
    that took orders for independent counts would be too narrow. `is_small_sample` is denominator < `min_n`.
    Raises ValueError when a key repeats or a segment has more purchasers than customers.
    """
    require_unique(segment_cells, SEGMENT_METRICS_KEY[:3], "segment_cells")
    cells = segment_cells.assign(week=weeks(segment_cells["week"]))
    for name in ("customers", "purchasers", "orders", "revenue"):
        cells[name] = floats(cells[name])
    cells["all_customers"] = cells.groupby(["week", "segment_set"])["customers"].transform("sum")
    parts = []
    for metric, (numerator, denominator, is_share) in METRICS.items():
        part = cells[SEGMENT_METRICS_KEY[:3]].assign(metric=metric)
        part["numerator"], part["denominator"] = cells[numerator], cells[denominator]
        part["value"] = ratio(part["numerator"], part["denominator"])
        interval = wilson_interval(part["numerator"], part["denominator"]) if is_share else (np.nan, np.nan)
        part["ci_low"], part["ci_high"] = interval
        part["is_small_sample"] = part["denominator"] < min_n
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(SEGMENT_METRICS_KEY, ignore_index=True)[SEGMENT_METRICS_COLUMNS]


def segment_migration(migration_cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `segment_migration`: each move with its share of the customers who left `from_segment`.

    Wilson intervals; `is_small_sample` when fewer than `min_n` customers were in `from_segment`. Shares of
    one from_segment sum to 1. Raises ValueError when a key repeats.
    """
    require_unique(migration_cells, SEGMENT_MIGRATION_KEY, "migration_cells")
    table = migration_cells.assign(week=weeks(migration_cells["week"])).reset_index(drop=True)
    moved = pd.Series(floats(table["customers"]))
    leaving = [table[name] for name in SEGMENT_MIGRATION_KEY[:3]]
    total = moved.groupby(leaving, dropna=False).transform("sum").to_numpy()
    table["share"] = ratio(moved, total)
    table["ci_low"], table["ci_high"] = wilson_interval(moved, total)
    table["is_small_sample"] = total < min_n
    return table.sort_values(SEGMENT_MIGRATION_KEY, ignore_index=True)[SEGMENT_MIGRATION_COLUMNS]


def migration_stability(migration_cells: pd.DataFrame, floor: float = 1e-4) -> pd.DataFrame:
    """How far the segments moved per week and set: week, segment_set, customers, stayers_share,
    stability_index.

    `stability_index` is the population stability index sum((q - p) ln(q / p)) of the segment shares before
    (p) and after (q), shares floored at `floor`. Above 0.25 on a rule-based set, thresholds moved or the data
    broke.
    """
    cells = migration_cells.assign(week=weeks(migration_cells["week"]), customers=floats(migration_cells["customers"]))
    rows = []
    for (week, name), moves in cells.groupby(["week", "segment_set"]):
        total = moves["customers"].sum()
        before, after = (moves.groupby(side)["customers"].sum() / total for side in ("from_segment", "to_segment"))
        before, after = before.align(after, join="outer", fill_value=0.0)
        p, q = before.clip(lower=floor), after.clip(lower=floor)
        stayed = moves.loc[moves["from_segment"] == moves["to_segment"], "customers"].sum() / total
        rows.append((week, name, total, stayed, float(((q - p) * np.log(q / p)).sum())))
    return pd.DataFrame(rows, columns=["week", "segment_set", "customers", "stayers_share", "stability_index"])
