"""Predictions of many customers, SQL to scores: `python -m tests.benchmarks.predictions [customers]`.

A million customers by default, made in SQL over 20 months: each with a rate of visits and of purchases of
their own. Models are the project's own, compiled by dbt, with two threads and 3 GB for DuckDB; the floor is
DuckDB writing the feature rows of the run as Parquet.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from journey_pipeline.defs.predictions import predict
from tests.predictions.market import CHAIN
from tests.sql.compiled_models import Bench, compile_models

AS_OF = "2026-11-16"
DAYS = 600
MARKET = """
create table warehouse.journeys.people as
select n, 'cus_' || n as customer_id, (hash(n, 1) % 1000) / 1000.0 as keenness, (hash(n, 2) % {days})::int as arrives
from range({customers}) as people(n);

create table warehouse.journeys.visits as
select n, customer_id, keenness, arrives, visit, n * 100 + visit as session_number,
    timestamp '{as_of}' - to_seconds((hash(n, visit, 3) % (86400 * ({days} - arrives + 1)))::bigint + 1) as occurred_at
from warehouse.journeys.people, range(1, 3 + (9 * keenness)::int) as visits(visit);

create table warehouse.journeys.customer_touchpoints as
select customer_id, occurred_at + to_seconds(20 * step) as occurred_at, session_number, 'website' as family,
    ['page_view', 'view_item', 'add_to_cart', 'begin_checkout'][step + 1] as interaction_type, false as is_machine,
    false as is_internal_test
from warehouse.journeys.visits, range(4) as steps(step)
where step = 0 or hash(n, visit, step) % 100 < 60 * keenness;

create table warehouse.journeys.customer_conversions as
select 'order_' || session_number as conversion_id, 'order' as conversion_type, null::varchar as adjusts_conversion_id,
    customer_id, occurred_at + interval 3 minute as occurred_at, (20 + hash(n, visit, 8) % 80)::decimal(18, 6) as
    net_amount_reporting, (20 + hash(n, visit, 8) % 80)::decimal(18, 6) as value, false as is_test, true as is_counted,
    null::varchar as same_deal_as
from warehouse.journeys.visits where hash(n, visit, 7) % 100 < 12 * keenness;

create table warehouse.journeys.customer_consents as
select customer_id, 'ads_personalization' as purpose,
    case when hash(n, 9) % 10 < 8 then 'granted' else 'denied' end as state,
    timestamp '2020-01-01' as valid_from, null::timestamp as valid_to, true as is_current
from warehouse.journeys.people;

create table warehouse.journeys.journeys as
select customer_id, n::integer as customer_number, 1::bigint as journey_number, min(occurred_at) as entered_at,
    min(occurred_at) as awareness_at, min(occurred_at) filter (where visit > 1) as consideration_at,
    min(occurred_at) filter (where hash(n, visit, 7) % 100 < 12 * keenness) as purchase_at,
    null::timestamp as experience_at, null::timestamp as advocacy_at
from warehouse.journeys.visits group by customer_id, n;

create table warehouse.journeys.funnel_events as
select 'journey' as funnel, n::integer as customer_number, session_number as event_id, occurred_at,
    case when hash(n, visit, 7) % 100 < 12 * keenness then 3 when visit > 1 then 2 else 1 end as stage_number,
    1::bigint as journey_number
from warehouse.journeys.visits;

create table warehouse.journeys.experience_answers (customer_id varchar, score_id varchar, instrument varchar,
    score_share decimal(18, 6), answered_at timestamp, is_detractor boolean);
create table warehouse.journeys.customer_attributes (customer_id varchar, attribute varchar, value varchar,
    observed_at timestamp);
"""


def main(customers: int) -> None:
    """Build, train and score once; print seconds and the peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/warehouse.duckdb"
        bench = Bench(compile_models(Path(folder), " ".join(CHAIN)))
        bench.connection.execute(
            f"set threads = 2; set memory_limit = '3GB'; set temp_directory = '{folder}/spill';"
            f"detach warehouse; attach '{file}' as warehouse"
        )
        for schema in ("raw", "journeys"):
            bench.connection.execute(f"create schema warehouse.{schema}")
        bench.clock(AS_OF)
        bench.connection.execute(MARKET.format(customers=customers, days=DAYS, as_of=AS_OF))
        first = time.perf_counter(), time.process_time()
        for model in CHAIN:
            started = time.perf_counter(), time.process_time()
            bench.connection.execute(f"create table warehouse.journeys.{model} as {bench.models[model]}")
            _say(model, *started)
        started = time.perf_counter(), time.process_time()
        bench.connection.execute(
            "copy (from warehouse.journeys.prediction_features where days_back = 0 order by customer_id) "
            f"to '{folder}/floor.parquet'"
        )
        _say("floor", *started)
        bench.connection.close()
        with duckdb.connect(file, config={"threads": 2, "memory_limit": "3GB"}) as connection:
            started = time.perf_counter(), time.process_time()
            predict(connection)
            _say("train and score", *started)
            _say("all", *first)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(connection.sql("select target, model, events, training_rows, reason from measures.prediction_models"))
            print(connection.sql("select count(*) as scores from measures.prediction_scores"))
            print(f"peak {memory:.1f} GB")


def _say(step: str, wall: float, cpu: float) -> None:
    print(f"{step:20} {time.perf_counter() - wall:6.1f} s wall {time.process_time() - cpu:6.1f} s cpu", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
