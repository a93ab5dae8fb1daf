"""What one more customer through a step is worth.

Holds: the value of progress before a purchase (a sale that does not come) and after it (orders that do not come).
Add here: the value of another kind of step. Must not be here: how much a step loses (`pain_points`), any I/O.

None of this is what mending a step would bring: who gets through differs from who does not in more than the step.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import WEEK, floats, ratio, weeks

VALUE_WEEKS = 13  # 90 days in whole weeks
RECENT_WEEKS = 13
SALE = "conversion of the later steps x mean order value"
ORDERS_AFTER = "orders of 13 weeks after: who got through less who did not, drawn towards all"
WHOLE = "all"


def values_per_progress(table: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Rows of judged steps with value_per_progress (at least 0) and value_basis; one value for all members of a step.

    `table` has week (judged), cohort_week, kind, step, funnel, stage, to_stage, to_number, terminal_number, breakdown,
    entered, dropped; `orders` is `pain_order_cells`. Every value uses what was known at the end of its week.
    """
    whole = table[table["breakdown"] == WHOLE]
    orders = orders.assign(week=weeks(orders["week"]))
    values = [
        (row.week, row.step, *_value(row, whole, orders))
        for row in whole.drop_duplicates(["week", "step"]).itertuples(index=False)
    ]
    columns = ["week", "step", "value_per_progress", "value_basis"]
    return table.merge(pd.DataFrame(values, columns=columns), on=["week", "step"], how="left")


def _value(row: object, whole: pd.DataFrame, orders: pd.DataFrame) -> tuple[float, str]:
    kind, funnel = row.kind, row.funnel  # type: ignore[attr-defined]
    if kind == "transition" and row.to_number <= row.terminal_number:  # type: ignore[attr-defined]
        return _sale(row.week, funnel, row.to_stage, whole, orders), SALE  # type: ignore[attr-defined]
    if kind == "friction" and row.stage in ("awareness", "consideration"):  # type: ignore[attr-defined]
        # As if the visit had ended there: what a journey in that stage is worth.
        return _sale(row.week, "journey", row.stage, whole, orders), SALE  # type: ignore[attr-defined]
    step = "purchase to experience" if kind == "friction" else row.step  # type: ignore[attr-defined]
    return orders_after(row.week, step, whole, orders), ORDERS_AFTER  # type: ignore[attr-defined]


def _sale(week: pd.Timestamp, funnel: str, stage: str, whole: pd.DataFrame, orders: pd.DataFrame) -> float:
    recent = _recent(whole, week)
    moves = recent[(recent["kind"] == "transition") & (recent["funnel"] == funnel)]
    moves = moves[moves["to_number"] <= moves["terminal_number"]]
    sums = moves.groupby(["stage", "to_stage"])[["entered", "dropped"]].sum()
    rate = 1.0
    for (from_stage, to_stage), (entered, dropped) in _in_order(sums):
        if from_stage == stage:
            rate, stage = rate * float(ratio(entered - dropped, entered)), to_stage
    sold = _recent(orders[orders["step"] == WHOLE], week)
    mean = float(ratio(sold["revenue"].sum(), sold["orders"].sum()))
    return max(0.0, float(np.nan_to_num(rate * mean)))


def _in_order(sums: pd.DataFrame) -> list[tuple[tuple[str, str], tuple[float, float]]]:
    """Moves such that each comes after the one that leads to it."""
    rows = {key: (float(row["entered"]), float(row["dropped"])) for key, row in sums.iterrows()}
    ends = {to for _, to in rows}
    placed: list[tuple[tuple[str, str], tuple[float, float]]] = []
    waiting = [key for key in rows if key[0] not in ends]
    while waiting:
        key = waiting.pop(0)
        placed.append((key, rows[key]))
        waiting += [other for other in rows if other[0] == key[1]]
    return placed


def _recent(cells: pd.DataFrame, week: pd.Timestamp) -> pd.DataFrame:
    return cells[(cells["week"] <= week) & (cells["week"] > week - RECENT_WEEKS * pd.Timedelta(WEEK))]


def orders_after(week: pd.Timestamp, step: str, whole: pd.DataFrame, orders: pd.DataFrame) -> float:
    """Orders of 13 weeks by who got through a step less those by who did not, as known at the end of `week`.

    Customers count for the weeks they have been seen since their step was judged. The difference is drawn towards what
    all of them order, by the ratio of its variance (that of a compound Poisson sum) to that of a value that may as well
    be nothing as twice the usual: where little is known, whoever does not get through is taken to be lost.
    """
    cohorts = whole[(whole["step"] == step) & (whole["week"] < week)]
    seen = np.minimum(VALUE_WEEKS, (week - cohorts["week"]).dt.days.to_numpy() // 7)
    lost, entered = floats(cohorts["dropped"]), floats(cohorts["entered"])
    customer_weeks = {True: float((lost * seen).sum()), False: float(((entered - lost) * seen).sum())}
    placed = orders[orders["step"] == step].merge(
        cohorts[["cohort_week", "week"]].rename(columns={"week": "judged"}), left_on="week", right_on="cohort_week"
    )
    placed = placed[placed["judged"] + placed["lag_weeks"] * pd.Timedelta(WEEK) <= week]
    revenue = {side: float(placed.loc[placed["is_dropped"] == side, "revenue"].sum()) for side in (True, False)}
    total = sum(customer_weeks.values())
    usual = VALUE_WEEKS * float(np.nan_to_num(ratio(sum(revenue.values()), total)))
    if usual <= 0 or min(customer_weeks.values()) <= 0:
        return max(0.0, usual)
    difference = VALUE_WEEKS * (revenue[False] / customer_weeks[False] - revenue[True] / customer_weeks[True])
    per_week = float(placed["squared_revenue"].sum()) / total
    variance = VALUE_WEEKS**2 * per_week * sum(1 / side for side in customer_weeks.values())
    kept = usual**2 / (usual**2 + variance)
    return max(0.0, kept * difference + (1 - kept) * usual)
