"""What one more customer through a step is worth.

Holds: the value of progress before a purchase (a sale that does not come) and after it (orders that do not come).
Add here: the value of another kind of step. Must not be here: how much a step loses (`pain_points`), any I/O.

None of this is what mending a step would bring: who gets through differs from who does not in more than the step.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from journey_pipeline.conversion import WEEK, Floats, floats, ratio, weeks

VALUE_WEEKS = 13  # 90 days in whole weeks
RECENT_WEEKS = 13
SALE = "conversion of the later steps x mean order value"
ORDERS_AFTER = "orders of 13 weeks after: who got through less who did not, drawn towards all"
WHOLE = "all"
BEFORE_PURCHASE = ("awareness", "consideration")


class _Counts(NamedTuple):
    """Weekly counts of one step or of all orders: `entered` and `dropped`, or `orders` and `revenue`."""

    week: npt.NDArray[np.datetime64]
    first: Floats
    second: Floats

    def recent(self, week: np.datetime64) -> tuple[float, float]:
        known = np.asarray((self.week <= week) & (self.week > week - RECENT_WEEKS * WEEK))
        return float(self.first[known].sum()), float(self.second[known].sum())


def values_per_progress(table: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Rows of judged steps with value_per_progress (at least 0) and value_basis; one value for all members of a step.

    `table` has week (judged), cohort_week, kind, step, funnel, stage, to_stage, to_number, terminal_number, breakdown,
    entered, dropped; `orders` is `pain_order_cells`. Every value uses what was known at the end of its week.
    """
    whole = table[table["breakdown"] == WHOLE]
    orders = orders.assign(week=weeks(orders["week"]))
    sold = _counts(orders[orders["step"] == WHOLE], "orders", "revenue")
    moves = whole[(whole["kind"] == "transition") & (floats(whole["to_number"]) <= floats(whole["terminal_number"]))]
    chains = {
        (str(funnel), str(before)): (str(after), _counts(rows, "entered", "dropped"))
        for (funnel, before, after), rows in moves.groupby(["funnel", "stage", "to_stage"], sort=True)
    }
    after = {str(step): rows for step, rows in whole.groupby("step", sort=False)}
    ordered = {str(step): rows for step, rows in orders.groupby("step", sort=False)}
    values = []
    for row in whole.drop_duplicates(["week", "step"]).to_dict("records"):
        week = np.datetime64(row["week"])
        funnel, stage = (row["funnel"], row["to_stage"]) if row["kind"] == "transition" else ("journey", row["stage"])
        is_sale = (row["funnel"], row["stage"]) in chains if row["kind"] == "transition" else row["kind"] == "friction"
        # Friction: as if the visit had ended there, what a journey in that stage is worth.
        if is_sale and (row["kind"] == "transition" or stage in BEFORE_PURCHASE):
            value, basis = _sale(week, str(funnel), str(stage), chains, sold), SALE
        else:
            step = "purchase to experience" if row["kind"] == "friction" else str(row["step"])
            value, basis = orders_after(week, after.get(step), ordered.get(step)), ORDERS_AFTER
        values.append((row["week"], row["step"], value, basis))
    columns = ["week", "step", "value_per_progress", "value_basis"]
    return table.merge(pd.DataFrame(values, columns=columns), on=["week", "step"], how="left")


def _counts(rows: pd.DataFrame, first: str, second: str) -> _Counts:
    return _Counts(rows["week"].to_numpy(), floats(rows[first]), floats(rows[second]))


def _sale(
    week: np.datetime64, funnel: str, stage: str, chains: dict[tuple[str, str], tuple[str, _Counts]], sold: _Counts
) -> float:
    """Share that goes on from a stage to the purchase, times the mean order, both of 13 weeks up to `week`."""
    rate = 1.0
    while (funnel, stage) in chains:
        stage, counts = chains[(funnel, stage)]
        entered, dropped = counts.recent(week)
        rate *= float(ratio(entered - dropped, entered))
    number, revenue = sold.recent(week)
    return max(0.0, float(np.nan_to_num(rate * float(ratio(revenue, number)))))


def orders_after(week: np.datetime64, cohorts: pd.DataFrame | None, orders: pd.DataFrame | None) -> float:
    """Orders of 13 weeks by who got through a step less those by who did not, as known at the end of `week`.

    Customers count for the weeks they have been seen since their step was judged. The difference is drawn towards what
    all of them order, by the ratio of its variance (that of a compound Poisson sum) to that of a value that may as well
    be nothing as twice the usual: where little is known, whoever does not get through is taken to be lost.
    """
    if cohorts is None or orders is None:
        return 0.0
    judged, cohort = cohorts["week"].to_numpy(), cohorts["cohort_week"].to_numpy()
    seen = np.clip((week - judged).astype("timedelta64[D]").astype(int) // 7, 0, VALUE_WEEKS)
    lost, entered = floats(cohorts["dropped"]), floats(cohorts["entered"])
    customer_weeks = {True: float((lost * seen).sum()), False: float(((entered - lost) * seen).sum())}
    placed, lag = orders["week"].to_numpy(), floats(orders["lag_weeks"]).astype(int)
    known = np.isin(placed, cohort)
    span = dict(zip(cohort, judged - cohort, strict=True))
    ends = placed + np.array([span.get(one, np.timedelta64(0)) for one in placed], "timedelta64[us]") + lag * WEEK
    known &= ends <= week
    is_lost, revenue = orders["is_dropped"].to_numpy(bool), floats(orders["revenue"])
    earned = {side: float(revenue[known & (is_lost == side)].sum()) for side in (True, False)}
    total = sum(customer_weeks.values())
    usual = VALUE_WEEKS * float(np.nan_to_num(ratio(sum(earned.values()), total)))
    if usual <= 0 or min(customer_weeks.values()) <= 0:
        return max(0.0, usual)
    difference = VALUE_WEEKS * (earned[False] / customer_weeks[False] - earned[True] / customer_weeks[True])
    per_week = float(floats(orders["squared_revenue"])[known].sum()) / total
    variance = VALUE_WEEKS**2 * per_week * sum(1 / side for side in customer_weeks.values())
    kept = usual**2 / (usual**2 + variance)
    return max(0.0, kept * difference + (1 - kept) * usual)
