"""Where it hurts: steps that lose more than they used to, what that is worth, and which of them are more than chance.

Holds: the score of a pain point, the test that makes it a signal, their order, and the released table `pain_points`.
Add here: another property of a row, or another way to tell what one more customer through a step is worth.
Must not be here: who entered a step and did not get through (SQL in `journeys`), flags of journeys (`journey_health`),
what a pain point is called for people (`report`), any I/O.

A cohort is judged in the week at whose end everybody in it has had the time allowed for the step, and never again: what
is known later changes nothing but late records, refunds and redrawn identities. A row is held against its own twelve
weeks before. Nothing here says what caused a loss.

Sources: Wilson 1927; Laney 2002 (p' chart); Benjamini & Hochberg 1995; von Neumann 1941 (mean square successive
difference); Satterthwaite 1946; the variance of a compound Poisson sum.
"""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betainc
from scipy.stats import false_discovery_control
from scipy.stats import norm as normal
from scipy.stats import t as student

from journey_pipeline.conversion import WEEK, Bools, Floats, Numbers, floats, ratio, require_unique, weeks
from journey_pipeline.conversion import wilson_interval as wilson
from journey_pipeline.pain_queries import query_of
from journey_pipeline.pain_values import values_per_progress
from journey_pipeline.signals import laney_limits

KEY = ["week", "step", "breakdown", "member"]
BASELINE_WEEKS = 12
MIN_BASELINE_WEEKS = 6  # below that a moving range is noise
FALSE_DISCOVERY_RATE = 0.05
# Few answers say little: a step starts from the share of bad answers there is anyway, as if it came from so many.
PRIOR_ANSWERS = 30
WHOLE = "all"
COLUMNS = [
    "week", "rank", "pain_point_id", "kind", "step", "funnel", "stage", "breakdown", "member", "cohort_week",
    "window_seconds", "entered", "dropped", "drop", "ci_low", "ci_high", "drop_reference", "reference_kind",
    "reference_weeks", "peer_reference", "limit_high", "excess", "value_per_progress", "value_basis",
    "value_at_stake", "answers", "bad_answers", "dissatisfied", "dissatisfied_overall", "pain_score", "p_value",
    "q_value", "is_signal", "explained_by", "is_small_sample", "query",
]  # fmt: skip
# Of a table without a row, whose numbers are floating point but for these.
_TYPES = {
    **dict.fromkeys(["week", "cohort_week"], "datetime64[us]"),
    **dict.fromkeys(["is_signal", "is_small_sample"], "bool"),
    **dict.fromkeys(
        [
            "pain_point_id",
            "kind",
            "step",
            "funnel",
            "stage",
            "breakdown",
            "member",
            "reference_kind",
            "value_basis",
            "explained_by",
            "query",
        ],
        "str",
    ),
    **dict.fromkeys(["rank", "window_seconds", "entered", "dropped", "reference_weeks"], "Int64"),
}


def score(
    entered: Numbers, drop: Numbers, reference: Numbers, dissatisfied: Numbers, overall: Numbers, value: Numbers
) -> pd.DataFrame:
    """excess, multiplier, value_at_stake and pain_score of each step, elementwise.

    excess = entered x max(0, drop - reference); stake = excess x value; pain = stake x (1 + max(0, dissatisfied -
    overall)). NaN where the reference is unknown.
    """
    excess = np.asarray(entered, float) * np.maximum(0.0, np.asarray(drop, float) - np.asarray(reference, float))
    multiplier = 1 + np.maximum(0.0, np.asarray(dissatisfied, float) - np.asarray(overall, float))
    stake = excess * np.asarray(value, float)
    return pd.DataFrame(
        {"excess": excess, "multiplier": multiplier, "value_at_stake": stake, "pain_score": stake * multiplier}
    )


def pain_points(
    steps: pd.DataFrame, answers: pd.DataFrame, orders: pd.DataFrame, as_of: datetime, min_n: int = 30
) -> pd.DataFrame:
    """Released table `pain_points`, one row per judged week, step, breakdown and member, in order of week and rank.

    `steps`, `answers` and `orders` are the cells of the same names (`pain_step_cells`, `pain_answer_cells`,
    `pain_order_cells`); `as_of` is the reporting zone's local midnight, as in `conversion.is_mature`.
    """
    require_unique(steps, KEY, "pain_step_cells")
    judged = _judged(steps, as_of)
    if judged.empty:
        return pd.DataFrame({name: pd.Series(dtype=_TYPES.get(name, "float64")) for name in COLUMNS})
    table = _with_reference(judged)
    table = _with_peers(table, min_n)
    table = _with_answers(table, answers)
    table = values_per_progress(table, orders)
    entered, dropped = floats(table["entered"]), floats(table["dropped"])
    table["drop"] = ratio(dropped, entered)
    table["ci_low"], table["ci_high"] = wilson(dropped, entered)
    scored = score(
        entered, table["drop"], table["drop_reference"], table["dissatisfied"], table["dissatisfied_overall"],
        table["value_per_progress"],
    )  # fmt: skip
    table[["excess", "value_at_stake", "pain_score"]] = scored[["excess", "value_at_stake", "pain_score"]].to_numpy()
    table["is_small_sample"] = entered < min_n
    table = _with_signals(table)
    table["explained_by"] = _explained(table)
    table = _ranked(table)
    table["pain_point_id"] = [_id(*row) for row in table[KEY].itertuples(index=False)]
    table["query"] = [query_of({str(name): value for name, value in row.items()}) for row in table.to_dict("records")]
    return table.sort_values(["week", "rank", *KEY[1:]], ignore_index=True)[COLUMNS]


def _judged(steps: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Cohorts that everybody has got through or not, with the week in which that became known."""
    table = steps.rename(columns={"week": "cohort_week", "from_stage": "stage"})
    table["cohort_week"] = weeks(table["cohort_week"])
    spans = np.ceil(floats(table["window_seconds"]) / 604_800).astype(int)
    table["week"] = table["cohort_week"] + spans * pd.Timedelta(WEEK)
    known = (table["week"] + WEEK <= pd.Timestamp(as_of)) & (table["open"] == 0) & (table["entered"] > 0)
    return table[known].sort_values(KEY, ignore_index=True)


class _Reference(NamedTuple):
    drop: float
    weeks: int
    centre: float
    limit: float
    entered: float  # of the baseline
    squares: float  # half the sum of squared steps between standardised weeks: their number, were weeks but chance
    pairs: int


_UNKNOWN = _Reference(np.nan, 0, np.nan, np.nan, np.nan, 0.0, 0)


def _reference(n: Floats, k: Floats, tested: float) -> _Reference:
    if len(n) < MIN_BASELINE_WEEKS:
        return _UNKNOWN._replace(weeks=len(n))
    limits = laney_limits(n, k, [tested])
    # As laney_limits: a baseline in which nobody or everybody dropped has no spread of its own.
    size, lost = n.sum(), k.sum()
    centre = (lost + 0.5) / (size + 1) if lost in (0.0, size) else lost / size
    z = (k / n - centre) / np.sqrt(centre * (1 - centre) / n)
    squares = float((np.diff(z) ** 2).sum()) / 2
    return _Reference(float(np.median(k / n)), len(n), centre, float(limits.high[0]), size, squares, len(z) - 1)


def _with_reference(table: pd.DataFrame) -> pd.DataFrame:
    """Each row's own twelve weeks before: their median, and what Laney's chart allows this week."""
    found: dict[int, _Reference] = {}
    for _, rows in table.groupby(KEY[1:], sort=False):
        week = rows["cohort_week"].to_numpy()
        n, k = floats(rows["entered"]), floats(rows["dropped"])
        firsts = np.searchsorted(week, week - BASELINE_WEEKS * WEEK)
        for place, (index, first) in enumerate(zip(rows.index, firsts, strict=True)):
            found[index] = _reference(n[first:place], k[first:place], n[place])
    columns = pd.DataFrame(list(found.values()), index=list(found), columns=_Reference._fields)
    names = {
        "drop": "drop_reference", "weeks": "reference_weeks", "limit": "limit_high", "entered": "baseline_entered"
    }  # fmt: skip
    table = table.join(columns.rename(columns=names))
    table["reference_kind"] = table["drop_reference"].notna().map({True: "self", False: None})
    return table


def _with_peers(table: pd.DataFrame, min_n: int) -> pd.DataFrame:
    """What the better quarter of the members of a breakdown lost: of the cohorts of one week, members of some size."""
    rates = table[(table["breakdown"] != WHOLE) & (table["entered"] >= min_n)]
    rates = rates.assign(drop=ratio(floats(rates["dropped"]), floats(rates["entered"])))
    if rates.empty:  # an empty group has no types to merge by
        return table.assign(peer_reference=np.nan)
    by = ["week", "step", "breakdown"]
    grouped = rates.groupby(by)["drop"]
    peers = grouped.quantile(0.25)[grouped.size() >= 2].rename("peer_reference")
    return table.merge(peers, left_on=by, right_index=True, how="left")


def _with_answers(table: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Bad answers of who entered a step in its week and the twelve before, drawn towards the share of all answers."""
    cells = answers.assign(week=weeks(answers["week"]))
    overall = cells[cells["step"] == WHOLE].set_index("week")[["answers", "bad_answers"]].sort_index()
    of_week = {}
    for week in table["week"].unique():
        recent = overall[(overall.index <= week) & (overall.index > week - (BASELINE_WEEKS + 1) * pd.Timedelta(WEEK))]
        of_week[week] = float(ratio(recent["bad_answers"].sum(), recent["answers"].sum()))
    table["dissatisfied_overall"] = table["week"].map(of_week).astype(float)
    own = cells[cells["step"] != WHOLE].rename(columns={"week": "cohort_week"})
    key = ["step", "breakdown", "member", "cohort_week"]
    given = table[key].merge(own[[*key, "answers", "bad_answers"]], on=key, how="left").fillna(0)
    for name in ("answers", "bad_answers"):
        table[name] = given[name].to_numpy()
        table[name] = _trailing(table, name)
    base = np.nan_to_num(floats(table["dissatisfied_overall"]))
    table["dissatisfied"] = (floats(table["bad_answers"]) + PRIOR_ANSWERS * base) / (
        floats(table["answers"]) + PRIOR_ANSWERS
    )
    table["dissatisfied_overall"] = base
    return table


def _trailing(table: pd.DataFrame, name: str) -> Floats:
    """Sum of each row's own cohorts of its week and the twelve before."""
    sums = np.zeros(len(table))
    for places in table.groupby(KEY[1:], sort=False).indices.values():
        week, total = table["cohort_week"].to_numpy()[places], np.cumsum(floats(table[name])[places])
        first = np.searchsorted(week, week - BASELINE_WEEKS * WEEK)
        sums[places] = total - np.where(first > 0, total[first - 1], 0)
    return sums


def _with_signals(table: pd.DataFrame) -> pd.DataFrame:
    """p and q of each row that could be a signal, and whether it is one.

    p is the binomial tail of the drop, with the cohort shrunk for what the baseline does not know exactly and for what
    weeks vary beyond chance: the part of the variance that grows with the cohort, told from all members of a step, as
    twelve weeks of one say little of it. Members share their weeks, so that part is known from the steps between
    weeks and no more, and the tail is Student's with the degrees of freedom of Satterthwaite. The q is over the
    candidates of the week: whether a row could cross its limit at all depends on its size alone.
    """
    n, base, centre = (floats(table[name]) for name in ("entered", "baseline_entered", "centre"))
    pairs = floats(table["pairs"])
    weighted = np.nan_to_num(base / np.maximum(floats(table["reference_weeks"]), 1)) * pairs
    parts = pd.DataFrame({"beyond": floats(table["squares"]) - pairs, "size": weighted}, index=table.index)
    sums = parts.groupby([table["week"], table["step"]]).transform("sum")
    per_unit = np.maximum(0.0, np.nan_to_num(ratio(floats(sums["beyond"]), floats(sums["size"]))))
    variance = 1 + per_unit * n  # of a week, in units of chance
    effective = n * base / (n + base) / variance
    lost = floats(table["drop"]) * effective
    possible = np.isfinite(effective) & (floats(table["limit_high"]) < 1)
    tail = np.where(lost > 0, betainc(np.maximum(lost, 1e-12), effective - lost + 1, centre), 1.0)
    beyond = np.maximum(1e-6, 1 - 1 / variance)
    steps = np.maximum(floats(table["reference_weeks"]) - 1, 1)
    table["p_value"] = np.where(possible, student.sf(normal.isf(tail), steps / beyond**2), np.nan)
    table["q_value"] = np.nan
    for places in table[possible].groupby("week").groups.values():
        table.loc[places, "q_value"] = false_discovery_control(floats(table.loc[places, "p_value"]))
    table["is_signal"] = (
        possible
        & (floats(table["drop"]) > floats(table["limit_high"]))
        & (floats(table["q_value"]) <= FALSE_DISCOVERY_RATE)
        & (floats(table["excess"]) > 0)
    )
    return table


def _explained(table: pd.DataFrame) -> list[str | None]:
    """Which row of the same step and week stands for this one.

    The whole is explained by the member that carries at least half of its excess, and more than its share of people; of
    several the one with the greatest loss above its own reference. Members of other breakdowns are the same people cut
    another way.
    """
    names = ["week", *KEY[1:], "excess", "entered", "drop", "drop_reference", "is_signal", "p_value"]
    steps: dict[tuple[Any, str], list[_Row]] = {}
    for place, values in enumerate(table[names].itertuples(index=False, name=None)):
        row = _Row(place, *values[2:])
        if row.excess > 0:
            steps.setdefault((values[0], values[1]), []).append(row)
    told: list[str | None] = [None] * len(table)
    for rows in steps.values():
        whole = next((row for row in rows if row.breakdown == WHOLE), None)
        members = [row for row in rows if row.breakdown != WHOLE]
        head = _stands_for_all(whole, members)
        if whole is not None and head is not None and _carries(whole, head):
            told[whole.place] = head.name
        for row in members:
            if head is not None and row.breakdown != head.breakdown:
                told[row.place] = head.name
            elif head is None and whole is not None:
                told[row.place] = WHOLE
    return told


class _Row(NamedTuple):
    place: int
    breakdown: str
    member: str
    excess: float
    entered: float
    drop: float
    reference: float
    is_signal: bool
    p_value: float

    @property
    def name(self) -> str:
        return f"{self.breakdown} {self.member}"


def _stands_for_all(whole: _Row | None, members: list[_Row]) -> _Row | None:
    """The member that tells what is wrong in a step; None where the whole does."""
    carriers = [row for row in members if whole is not None and _carries(whole, row)]
    if carriers:
        return min(carriers, key=lambda row: (not row.is_signal, row.reference - row.drop, row.name))
    signals = [row for row in members if row.is_signal]
    return min(signals, key=lambda row: (row.p_value, row.name)) if signals else None


def _carries(whole: _Row, row: _Row) -> bool:
    """A signal is not explained by what might be chance."""
    return (
        row.excess >= whole.excess / 2
        and row.excess / whole.excess > row.entered / whole.entered
        and (row.is_signal or not whole.is_signal)
    )


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Ranks within the week: rows that stand for themselves first, signals before others, then by pain.

    A row that loses no more than it used to has no rank.
    """
    table["pain_score"] = table["pain_score"].fillna(0)
    hurts: Bools = ((table["pain_score"] > 0) | table["is_signal"]).to_numpy(bool)
    order = table[hurts].assign(is_told=table["explained_by"].notna(), is_quiet=~table["is_signal"])
    order = order.sort_values(
        ["week", "is_told", "is_quiet", "pain_score", "step", "breakdown", "member"],
        ascending=[True, True, True, False, True, True, True],
    )
    table["rank"] = (order.groupby("week").cumcount() + 1).reindex(table.index).astype("Int64")
    return table


def _id(week: pd.Timestamp, step: str, breakdown: str, member: str) -> str:
    return hashlib.sha256(f"{week:%Y-%m-%d}|{step}|{breakdown}|{member}".encode()).hexdigest()[:16]
