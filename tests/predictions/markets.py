"""Markets of made-up customers whose future is known: one buys as BG/NBD has it, the others do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

PAST, FUTURE = 728, 364
YEAR = 364


def orders(kind: str, customers: int, seed: int) -> pd.DataFrame:
    """One row per customer and day with a purchase: customer, day (0 is the first of the past), spend.

    bg_nbd: exponential gaps, after each order an end by chance; spend gamma-gamma. lasting: rates of two kinds, half of
    the customers never end. weary: regular gaps (Erlang), rates lognormal, ends by age (Weibull); the last two spend
    lognormally.
    """
    chance = np.random.default_rng(seed)
    first = chance.integers(0, PAST - 1, customers)
    rate, ends, gap = _habits(kind, customers, chance)
    at, end = np.zeros(customers), np.minimum(ends, PAST + FUTURE - first)
    stops = chance.beta(0.8, 2.4, customers) if kind == "bg_nbd" else np.zeros(customers)
    who, when = [np.arange(customers)], [first]
    going = np.arange(customers)
    while len(going):
        at[going] += gap(len(going)) / rate[going]
        going = going[at[going] < end[going]]
        who.append(going)
        when.append(first[going] + np.floor(at[going]).astype(int))
        going = going[chance.random(len(going)) >= stops[going]]
    customer, day = np.concatenate(who), np.concatenate(when)
    if kind == "bg_nbd":
        spend = chance.gamma(6.0, 1 / chance.gamma(4.0, 1 / 40.0, customers)[customer])
    else:
        spend = np.exp(chance.normal(3.5, 0.4, customers)[customer] + chance.normal(0, 0.6, len(customer)))
    table = pd.DataFrame({"customer": customer, "day": day, "spend": spend})
    return table.groupby(["customer", "day"], as_index=False)["spend"].sum()


def _habits(
    kind: str, customers: int, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, Callable[[int], np.ndarray]]:
    """Rate a day, age at the end, and gaps with a mean of one."""
    never = np.full(customers, np.inf)
    if kind == "bg_nbd":
        return np.maximum(chance.gamma(0.5, 1 / 42, customers), 1e-9), never, lambda n: chance.exponential(1.0, n)
    if kind == "lasting":
        rate = np.where(chance.random(customers) < 0.2, 0.3, 0.02) / 7
        ends = np.where(chance.random(customers) < 0.5, chance.exponential(200.0, customers), np.inf)
        return rate, ends, lambda n: chance.exponential(1.0, n)
    ends = chance.weibull(0.7, customers) * 420
    return np.exp(chance.normal(-3.5, 1.0, customers)) / 7, ends, lambda n: chance.gamma(2.0, 0.5, n)


def customers_at(table: pd.DataFrame, cut_off: int, ahead: int) -> pd.DataFrame:
    """Histories before the day `cut_off`, and what was spent in the days from there on."""
    past = table[table["day"] < cut_off]
    later = table[(table["day"] >= cut_off) & (table["day"] < cut_off + ahead)]
    of_customer = past.sort_values(["customer", "day"]).groupby("customer")
    first, last, days = (of_customer["day"].agg(what) for what in ("min", "max", "size"))
    repeat_spend = of_customer["spend"].sum() - of_customer["spend"].first()
    return pd.DataFrame(
        {
            "frequency": days - 1,
            "recency_days": last - first,
            "age_days": cut_off - first,
            "mean_spend": repeat_spend / (days - 1).where(days > 1),
            "bucket": days.index % 20,
            "customers": 1,
            "actual_spend": later.groupby("customer")["spend"].sum().reindex(days.index).fillna(0.0),
        }
    )
