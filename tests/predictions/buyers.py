"""Years of the simulated market as purchases alone, and what a run would know of its buyers: cheap, for many seeds.

The people are those of the generated market, with its season and its channels; their visits are not told. Must not be
here: features of other targets than value (`market` tells those).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from journey_pipeline.predictions import values
from journey_pipeline.predictions.clv import Terms
from journey_pipeline.predictions.targets import FEATURES, TARGETS
from journey_pipeline.predictions.values import TrainedValue
from journey_pipeline.world.behaviour import basket_cents, blocked_channels, simulate
from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import PARAMETERS
from journey_pipeline.world.people import make_people

YEAR = 365
VALUE = next(target for target in TARGETS if target.kind == "value")
# The anchors of a run: whole quarters and whole years back.
_BACK = sorted({90 * step for step in range(1, 7)} | {YEAR * step for step in range(1, 7)})


def purchases(seed: int, customers: int, weeks: int, end: date) -> pd.DataFrame:
    """One row per customer and day with orders: customer, day of the market, spend."""
    calendar = Calendar.before(end, weeks)
    people = make_people(seed, customers, calendar, PARAMETERS)
    _, made, _ = simulate(seed, people, calendar, PARAMETERS, lambda _share: None, blocked_channels()[:1])
    kept = ~made.is_deal & ~made.is_cancelled
    cents = basket_cents()[1][made.basket, made.is_discounted.astype(np.int64)]
    told = pd.DataFrame({"customer": made.person[kept], "day": made.day[kept], "spend": cents[kept] / 100})
    return told.groupby(["customer", "day"], as_index=False)["spend"].sum()


def known_at(bought: pd.DataFrame, day: int, days_back: int) -> pd.DataFrame:
    """Buyers at a day, with what they spend after it where a run `days_back` later has seen it and as much before."""
    past = bought[bought["day"] < day].sort_values(["customer", "day"])
    of = past.groupby("customer")
    days, spent = of.size(), of["spend"].sum()
    rows = pd.DataFrame(
        {
            "customer_id": [f"cus_{one:06}" for one in days.index],
            "bucket": days.index % 20,
            "days_back": days_back,
            "is_consented": True,
            "order_days": days.to_numpy(),
            "first_order_days_ago": (day - of["day"].min()).to_numpy(),
            "last_order_days_ago": (day - of["day"].max()).to_numpy(),
            "repeat_spend": ((spent - of["spend"].first()) / (days - 1).where(days > 1)).to_numpy(),
            "order_value": (spent / days).to_numpy(),
        }
    )
    for ahead in values.TESTED_DAYS:
        spend = spend_after(bought, day, ahead).reindex(days.index).fillna(0.0).to_numpy()
        rows[f"value_{ahead}"] = spend if days_back >= ahead and day >= ahead else np.nan
    return rows.reindex(columns=[*rows.columns, *(name for name in FEATURES if name not in rows)])


def spend_after(bought: pd.DataFrame, day: int, ahead: int) -> pd.Series[float]:
    """What each customer spends in the days from a day on."""
    return bought[bought["day"].between(day, day + ahead - 1)].groupby("customer")["spend"].sum()


def valued_at(bought: pd.DataFrame, day: int, min_events: int) -> tuple[TrainedValue, float]:
    """What a run at a day says of value, and what its buyers really spend in the year after it."""
    rows = pd.concat([known_at(bought, day - back, back) for back in _BACK if back < day - 28], ignore_index=True)
    now = known_at(bought, day, 0)
    trained = values.train(VALUE, rows, values.histories(now), Terms(discount=0.0, horizon_weeks=YEAR / 7), min_events)
    buyers = now["customer_id"].str.removeprefix("cus_").astype(int)
    return trained, float(spend_after(bought, day, YEAR).reindex(buyers).sum())
