"""The purchases of CDNOW's customers of early 1997, as published by Fader and Hardie, made histories by hand.

They lie in an old package of the test tools; only its data files are read.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

CUT_OFF = pd.Timestamp("1997-09-30")
HOLDOUT_WEEKS = 39.0


def purchases() -> pd.DataFrame:
    """The sample of 2,357 customers: one row per customer and day, with the money spent."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations is not None
    file = Path(next(iter(spec.submodule_search_locations))) / "datasets" / "CDNOW_sample.txt"
    orders = pd.read_csv(file, sep=r"\s+", header=None, names=["master", "customer", "day", "cds", "spend"])
    orders["day"] = pd.to_datetime(orders["day"].astype(str))
    return orders.groupby(["customer", "day"], as_index=False)["spend"].sum()


def histories(cut_off: pd.Timestamp = CUT_OFF) -> pd.DataFrame:
    """One row per customer: history up to the cut-off, and days with a purchase in the weeks after it."""
    return histories_of(purchases(), cut_off, cut_off + pd.Timedelta(weeks=HOLDOUT_WEEKS))


def histories_of(orders: pd.DataFrame, cut_off: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    """Histories up to the end of day `cut_off`, in days; what came after it up to `until` as actual_*."""
    known = orders[orders["day"] <= cut_off].sort_values(["customer", "day"])
    later = orders[(orders["day"] > cut_off) & (orders["day"] <= until)]
    of_customer = known.groupby("customer")
    first, last, days = (of_customer["day"].agg(what) for what in ("min", "max", "size"))
    repeat_spend = of_customer["spend"].sum() - of_customer["spend"].first()
    table = pd.DataFrame(
        {
            "frequency": days - 1,
            "recency_days": (last - first).dt.days,
            "age_days": (cut_off - first).dt.days,
            "mean_spend": repeat_spend / (days - 1).where(days > 1),
            "actual_orders": later.groupby("customer").size(),
            "actual_spend": later.groupby("customer")["spend"].sum(),
        }
    ).loc[days.index]
    actual = ["actual_orders", "actual_spend"]
    return table.assign(**table[actual].fillna(0), bucket=table.index.to_numpy() % 20, customers=1)
