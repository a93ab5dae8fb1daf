"""The hazard model on many customers, SQL and fit: `python -m tests.benchmarks.hazard [customers]`.

A million customers by default, each seen eleven times in a hundred days and one in fifteen converting, made in SQL. The
models are the project's own, compiled by dbt, with two threads and 3 GB for DuckDB; the fit holds all 20 replicates.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from journey_pipeline.attribution import hazard_tables
from journey_pipeline.attribution.hazard_tables import HazardInputs
from journey_pipeline.settings import DBT_PROJECT
from tests.sql.compiled_models import Bench, compile_models

CHAIN = ("hazard_window", "hazard_touch_days", "hazard_days", "hazard_deliveries", "hazard_stocks")
AS_OF = "2026-11-16"
CHANNELS = (
    "paid_video", "display", "paid_social", "email", "paid_search_generic", "paid_shopping", "paid_search_brand",
    "organic_search", "direct", "referral",
)  # fmt: skip
MARKET = """
create table warehouse.journeys.hazard_customers as
select 'cus_' || n as customer_id, date '2026-01-01' as known_from, 0.0 as prior_conversions,
    (hash(n) % 3)::double as value_tier, (hash(n, 1) % 10 < 3)::int::double as is_subscribed, 0.0 as is_business
from range({customers}) as people(n);

-- One customer with as many touches as there are customers: cost must follow days, not touches.
create table warehouse.journeys.marketing_touches as
select 'cus_' || (n // 11) as customer_id, ['{channels}'][(1 + hash(n) % 10)::bigint] as channel,
    case when hash(n) % 10 < 4 then 'view' else 'click' end as touch_type,
    timestamp '2026-08-08' + to_seconds((hash(n, 7) % 8640000)::bigint) as touched_at
from range({customers} * 11) as touches(n)
union all
select 'cus_0', 'direct', 'click', timestamp '2026-08-08' + to_seconds((hash(n, 9) % 8640000)::bigint)
from range({customers}) as touches(n);

create table warehouse.journeys.attributed_conversions as
select 'order_' || n as conversion_id, 'order' as conversion_type, 'cus_' || (hash(n, 3) % {customers}) as customer_id,
    timestamp '2026-09-21' + to_seconds((hash(n, 5) % 4838400)::bigint) as occurred_at, date '2026-10-05' as week,
    50::decimal(18, 6) as value
from range({customers} // 15) as orders(n);

create table warehouse.journeys.customer_touchpoints (customer_id varchar, occurred_at timestamp,
    interaction_type varchar, is_machine boolean, is_internal_test boolean);
"""


def main(customers: int) -> None:
    """Build and fit once; print seconds and the peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(compile_models(Path(folder), " ".join(CHAIN)))
        bench.connection.execute(
            f"set threads = 2; set memory_limit = '3GB';"
            f"set temp_directory = '{folder}/spill'; detach warehouse; attach '{folder}/warehouse.duckdb' as warehouse"
        )
        for schema in ("raw", "journeys"):
            bench.connection.execute(f"create schema warehouse.{schema}")
        bench.clock(AS_OF)
        bench.connection.execute(MARKET.format(customers=customers, channels="', '".join(CHANNELS)))
        for model in CHAIN:
            started = time.perf_counter(), time.process_time()
            bench.connection.execute(f"create table warehouse.journeys.{model} as {bench.models[model]}")
            _say(model, *started)
        started = time.perf_counter(), time.process_time()
        tables = hazard_tables.fitted(_inputs(bench))
        _say("read and fit", *started)
        told = tables["attribution_models"].iloc[0]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{told['person_days']:,} person-days, {told['conversions']:,} conversions, peak {memory:.1f} GB")


def _inputs(bench: Bench) -> HazardInputs:
    def stream() -> object:
        rows = bench.connection.cursor().execute(
            "select * from warehouse.journeys.hazard_stocks order by person_day, channel, touch_type"
        )
        while len(batch := rows.fetch_df_chunk(64)):
            yield batch

    span = bench.ask("select starts_on, ends_before from warehouse.journeys.hazard_window").iloc[0]
    roles = pd.read_csv(DBT_PROJECT / "seeds" / "channel_roles.csv")
    return HazardInputs(
        conversion_type="order",
        starts_on=span["starts_on"].date(),
        ends_before=span["ends_before"].date(),
        days=bench.ask("select * exclude (customer_id) from warehouse.journeys.hazard_days order by person_day"),
        stocks=stream(),  # type: ignore[arg-type]
        deliveries=bench.ask(
            "select * exclude (conversion_type) from warehouse.journeys.hazard_deliveries order by all"
        ),
        kinds=bench.ask("select distinct channel, touch_type from warehouse.journeys.hazard_stocks order by all"),
        outside=pd.DataFrame({"week": [], "conversions": [], "value": []}),
        roles=roles,
        experiments=pd.DataFrame(columns=["channel", "started_on", "ended_on", "lift_conversions", "standard_error"]),
    )


def _say(step: str, wall: float, cpu: float) -> None:
    print(f"{step:20} {time.perf_counter() - wall:6.1f} s wall {time.process_time() - cpu:6.1f} s cpu", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
