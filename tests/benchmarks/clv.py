"""Lifetime value of many customers: `python -m tests.benchmarks.clv [customers]`.

A million customers by default, who buy for two years as BG/NBD has it. The floor is what any engine must do with their
orders: DuckDB groups them into one history per customer and counts like histories, with the same two threads. The rest
is read from there: both models with the twenty replicates of their intervals, the score of every customer in batches of
200,000, and the total. The package lifetimes fits the first 100,000 customers, one row each, where it still runs.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from journey_pipeline.predictions import clv

DAYS = 728
BATCH = 200_000
RAW_ROWS = 100_000
HISTORIES = """
create or replace table histories as
select customer, count(*) - 1 as frequency, max(day) - min(day) as recency_days, {days} - min(day) as age_days,
    case when count(*) > 1 then (sum(spend) - min_by(spend, day)) / (count(*) - 1) end as mean_spend,
    hash(customer) % 20 as bucket
from orders group by customer;
create or replace table cells as
select frequency, recency_days, age_days, bucket, count(*) as customers from histories group by all;
create or replace table spend as
select frequency, round(mean_spend, 2) as mean_spend, bucket, count(*) as customers
from histories where frequency > 0 group by all;
"""


def main(customers: int) -> None:
    """Build, fit, score and sum once; print seconds and the peak of memory."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "3GB"})
    orders = market(customers)
    connection.register("made_up", orders)
    connection.execute("create table orders as select * from made_up")
    connection.unregister("made_up")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {customers:,} customers, {len(orders):,} orders")
    del orders
    timed(
        "floor: DuckDB groups the orders into histories and cells",
        lambda: connection.execute(HISTORIES.format(days=DAYS)),
    )
    cells, spend = (connection.execute(f"select * from {name} order by all").df() for name in ("cells", "spend"))
    print(f"{len(cells):,} cells of histories, {len(spend):,} of spend")
    model = timed("fit both models, with 20 replicates", lambda: clv.fit_value_model(cells, spend))
    print("   ", dict(zip(model.orders.names, model.orders.parameters.round(4).tolist(), strict=True)), model.warnings)
    scored = timed("score every customer", lambda: sum(len(clv.score(model, batch)) for batch in batches(connection)))
    total = timed("value of all, with its interval", lambda: clv.total(model, batches(connection)))
    assert scored == total.customers == customers
    print(f"    {total.value:,.0f} [{total.low:,.0f}, {total.high:,.0f}]")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    _other(next(batches(connection, RAW_ROWS)))


def market(customers: int) -> pd.DataFrame:
    """One row per customer and day with a purchase."""
    chance = np.random.default_rng(11)
    first = chance.integers(0, DAYS - 1, customers)
    rate = np.maximum(chance.gamma(0.5, 1 / 42, customers), 1e-9)
    stops, scale = chance.beta(0.8, 2.4, customers), chance.gamma(4.0, 1 / 40.0, customers)
    at, going = np.zeros(customers), np.arange(customers)
    who, when = [going], [first]
    while len(going):
        at[going] += chance.exponential(1.0, len(going)) / rate[going]
        going = going[first[going] + at[going] < DAYS]
        who.append(going)
        when.append(first[going] + np.floor(at[going]).astype(int))
        going = going[chance.random(len(going)) >= stops[going]]
    table = pd.DataFrame({"customer": np.concatenate(who), "day": np.concatenate(when)})
    table = table.drop_duplicates(ignore_index=True)
    return table.assign(spend=chance.gamma(6.0, 1 / scale[table["customer"]]).round(2))


def batches(connection: duckdb.DuckDBPyConnection, size: int = BATCH) -> Iterator[pd.DataFrame]:
    customers = connection.execute("select max(customer) + 1 from histories").fetchall()[0][0]
    for low in range(0, customers, size):
        yield connection.execute(
            "select * from histories where customer >= ? and customer < ? order by customer", [low, low + size]
        ).df()


def timed(step: str, work: Callable[[], Any]) -> Any:
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    print(f"{step:60} {time.perf_counter() - began:7.1f} s {time.process_time() - worked:7.1f} s cpu", flush=True)
    return result


def _other(rows: pd.DataFrame) -> None:
    """The two fits of lifetimes and ours on the same raw rows, one after the other."""
    again = rows[rows["frequency"] > 0]
    one_each = [frame.assign(customers=1) for frame in (rows, again)]
    timed(f"ours on {len(rows):,} customers, with 20 replicates", lambda: clv.fit_value_model(*one_each))
    try:
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        weeks = rows["recency_days"] / 7, rows["age_days"] / 7
        timed(f"lifetimes BG/NBD, {len(rows):,} rows", lambda: BetaGeoFitter().fit(rows["frequency"], *weeks))
        timed("lifetimes gamma-gamma", lambda: GammaGammaFitter().fit(again["frequency"], again["mean_spend"]))
    except Exception as error:
        print(f"lifetimes does not run here: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
