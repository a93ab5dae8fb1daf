"""The journeys word on many touchpoints, model by model: `python -m tests.benchmarks.journeys [touchpoints]`.

Ten million touchpoints by default, made in SQL in the shape of the canonical tables: visits of a heavy-tailed number
per customer, one customer with a tenth of all touchpoints and no pause, one robot. The models are the project's own,
compiled by dbt and run in their order, with two threads and 4 GB. The floor is DuckDB sorting the same touchpoints by
customer and time and writing Parquet, in the same process. Wall clock on a machine that is busy otherwise says little;
the seconds of processor time beside it do.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.cli.main import dbtRunner

from journey_pipeline.dbt_plugin import let_go
from journey_pipeline.dbt_sources import write_generated_files
from journey_pipeline.settings import DBT_PROJECT

THREADS, MEMORY = 2, "4GB"
AS_OF = "2026-11-16"
# What the word is measured by: visits, stages, journeys, paths and weekly conversion, with all they need.
WANTED = (
    "sessions", "stage_cells", "sub_stage_cells", "journeys", "transitions_of_journeys", "lag_cells", "entry_age_cells",
    "journey_paths", "path_step_cells", "transition_cells", "top_path_cells", "conformance_cells", "drop_offs",
    "mart_customer_timeline",
)  # fmt: skip

# Customer 0 never pauses, customer 1 is a robot; every other has 1 to 20,000 touchpoints, nine on average.
TOUCHPOINTS = """
create table customers as
select number,
    ('0x' || substr(md5('size' || number), 1, 8))::bigint / 4294967296.0 as draw,
    ('0x' || substr(md5('start' || number), 1, 8))::bigint % (25 * 7 * 86400) as start_second,
    'ga_client_id' as kind, md5('client' || number)::uuid as identifier,
    substr(md5('person' || number), 1, 16) as customer_id
from range($touchpoints // 9) as numbers(number);

create table hits as
with sized as (
    select *, case number when 0 then $touchpoints // 10 when 1 then $touchpoints // 50
        else least(20000, cast(3.6 * pow(draw + 1e-9, -0.55) as bigint)) end as size
    from customers
),
told as (
    select sized.*, unnest(range(size)) as position from sized
)
select *, position // 6 as visit, position % 6 as step, (hash(number, position) % 1000000007)::bigint as dice,
    case when number = 0 then position * (25.0 * 7 * 86400 / size)
        when number = 1 then start_second + position
        else (start_second + position // 6 * (86400 + (hash(number, position // 6) % 900000)::bigint))
            % (26 * 7 * 86400)
            + position % 6 * (5 + (hash(number, position) % 90)::bigint) end as second
from told;
"""
IS_VISIT = "interaction not in ('order_placed', 'ticket_created', 'email_clicked')"
# Expressions by column; what is not here is null.
COLUMNS = {
    "touchpoint_id": "md5('touch' || number || ':' || position)::uuid",
    "source": "'ga4'",
    "identifier_type": "kind",
    "identifier_value": "identifier",
    "visitor_type": f"case when {IS_VISIT} then kind end",
    "visitor_id": f"case when {IS_VISIT} then identifier end",
    "occurred_at": "moment",
    "family": "case interaction when 'order_placed' then 'commerce' when 'ticket_created' then 'support' "
    "when 'email_clicked' then 'email' else 'website' end",
    "channel": "case when step = 0 then ['direct', 'paid_search', 'organic_search', 'email', 'referral'][1 + dice % 5] "
    "when interaction not in ('order_placed', 'ticket_created') then 'direct' end",
    "utm_source": "case when step = 0 and dice % 5 <> 0 then ['google', 'bing', 'news', 'blog'][dice % 5] end",
    "utm_medium": "case when step = 0 and dice % 5 <> 0 then ['cpc', 'organic', 'email', 'referral'][dice % 5] end",
    "campaign": "case when step = 0 and dice % 5 = 1 then 'campaign ' || dice % 40 end",
    "interaction_type": "interaction",
    "direction": "'inbound'",
    "page_path": "case when step > 0 then '/' || ['lamps', 'guide', 'sale', 'cart'][1 + dice % 4] || '/' || dice % 50 "
    "end",
    "device_category": "['mobile', 'desktop', 'tablet'][1 + number % 3]",
    "is_machine": "number = 1",
    "is_internal_test": "false",
    "is_time_ambiguous": "false",
    "source_file_id": "'file'",
    "source_row_number": "position",
}
TOLD = """
select *, timestamp '2026-05-18 00:00:00' + to_microseconds(cast(second * 1000000 as bigint)) as moment,
    case when step = 0 then 'session_start' when dice % 1000 < 8 then 'order_placed'
        when dice % 1000 < 18 then 'ticket_created' when dice % 1000 < 40 then 'email_clicked'
        when dice % 1000 < 140 then 'view_item' when dice % 1000 < 170 then 'add_to_cart'
        when dice % 1000 < 185 then 'begin_checkout' else 'page_view' end as interaction
from hits
"""


@dataclass(frozen=True)
class Cost:
    """What one step took."""

    name: str
    seconds: float
    processor_seconds: float
    peak_mib: float
    rows: int


def main() -> None:
    touchpoints = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory(prefix="journey-words-") as folder:
        warehouse = Path(folder) / "warehouse.duckdb"
        nodes = compiled(warehouse)
        with duckdb.connect(str(warehouse), config={"threads": THREADS, "memory_limit": MEMORY}) as connection:
            connection.execute(f"set TimeZone = 'UTC'; set temp_directory = '{folder}/spill'")
            connection.execute("set enable_progress_bar = false")
            fill(connection, nodes, touchpoints)
            floor = cost(connection, "floor", lambda: write_sorted(connection, Path(folder) / "floor.parquet"))
            costs = [built(connection, node) for node in in_order(nodes)]
    counted = [one for one, node in zip(costs, in_order(nodes), strict=True) if descends(nodes, node)]
    print(f"machine         {os.cpu_count()} cores; {THREADS} threads, {MEMORY}")
    print(f"touchpoints     {floor.rows:,}")
    print(f"{'':<28} {'seconds':>8} {'x floor':>8} {'cpu s':>8} {'x floor':>8} {'MiB':>7} {'rows':>12}")
    whole = Cost(
        "all models", sum(c.seconds for c in counted), sum(c.processor_seconds for c in counted),
        max(c.peak_mib for c in counted), 0,
    )  # fmt: skip
    for one in (floor, whole, *sorted(counted, key=lambda c: -c.processor_seconds)):
        print(
            f"{one.name:<28} {one.seconds:8.1f} {one.seconds / floor.seconds:8.2f} {one.processor_seconds:8.1f} "
            f"{one.processor_seconds / floor.processor_seconds:8.2f} {one.peak_mib:7.0f} {one.rows:12,}"
        )


def compiled(warehouse: Path, wanted_models: Sequence[str] = WANTED) -> dict[str, Any]:
    """Models of events and of the wanted part of the journeys, these compiled, by unique id; the seeds are loaded."""
    write_generated_files()
    os.environ |= {"JOURNEY_WAREHOUSE": str(warehouse), "JOURNEY_PSEUDONYM_KEY": "a key only of benchmarks"}
    places = [
        f"--project-dir={DBT_PROJECT}", f"--profiles-dir={DBT_PROJECT}", f"--target-path={warehouse.parent / 'target'}",
        "--log-level=none", "--log-level-file=none",
    ]  # fmt: skip

    def dbt(*arguments: str) -> Any:
        done = dbtRunner().invoke([*arguments, *places])
        let_go()
        if not done.success:
            raise SystemExit(f"dbt {arguments[0]} failed: {done.exception or done.result}")
        return done.result

    events = {
        key: node
        for key, node in dbt("parse").nodes.items()
        if node.schema == "events" and node.resource_type == "model"
    }
    dbt("seed")
    ready = dbt("compile", "--select", "path:models/journeys mart_customer_timeline").results
    journeys = {one.node.unique_id: one.node for one in ready if one.node.resource_type == "model"}
    todo, wanted = [key for key, node in journeys.items() if node.name in wanted_models], set[str]()
    while todo:
        key = todo.pop()
        if key in journeys and key not in wanted:
            wanted.add(key)
            todo += journeys[key].depends_on.nodes
    return {key: node for key, node in (events | journeys).items() if key in wanted or node.schema == "events"}


def fill(connection: duckdb.DuckDBPyConnection, nodes: dict[str, Any], touchpoints: int) -> None:
    """The canonical tables by their contracts: touchpoints full, all others empty; whose each identifier is."""
    for schema in ("raw", "events", "identity", "journeys", "marts"):
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(
        f"create table raw.run_parameters as select timestamp '{AS_OF}' as as_of, timestamp '{AS_OF}' as known_at, "
        "'Europe/Berlin' as time_zone, 'EUR' as reporting_currency, 'benchmark' as candidate_id"
    )
    for statement in TOUCHPOINTS.split(";"):
        connection.execute(statement, {"touchpoints": touchpoints} if "$touchpoints" in statement else None)
    for node in nodes.values():
        if node.schema == "events":
            kinds = ", ".join(f'"{c.name}" {c.data_type}' for c in node.columns.values())
            connection.execute(f"create table events.{node.alias} ({kinds})")
            if node.alias == "touchpoints":
                values = ", ".join(COLUMNS.get(name, "null") for name in node.columns)
                connection.execute(f"insert into events.touchpoints select {values} from ({TOLD})")
    connection.execute("""
        create table identity.identifiers as
        select kind as identifier_type, identifier as identifier_value, md5(kind || identifier) as identifier_hash,
            customer_id, timestamp '2026-05-18' as first_seen_at, timestamp '2026-11-15' as last_seen_at
        from customers
    """)
    connection.execute("""
        create table sortable as
        select touchpoints.*, customers.customer_id
        from events.touchpoints left join customers on identifier_value = identifier
    """)
    connection.execute("drop table hits; checkpoint")


def write_sorted(connection: duckdb.DuckDBPyConnection, target: Path) -> int:
    connection.execute(f"copy (select * from sortable order by customer_id, occurred_at) to '{target}'")
    rows = connection.execute("select count(*) from sortable").fetchall()[0][0]
    connection.execute("drop table sortable")
    return int(rows)


def in_order(nodes: dict[str, Any]) -> list[Any]:
    """Models of the journeys word, each after what it reads."""
    done, order = set[str](), list[Any]()

    def visit(unique_id: str) -> None:
        if unique_id in done or unique_id not in nodes:
            return
        done.add(unique_id)
        for parent in sorted(nodes[unique_id].depends_on.nodes):
            visit(parent)
        if nodes[unique_id].schema != "events":
            order.append(nodes[unique_id])

    for unique_id in sorted(nodes):
        visit(unique_id)
    return order


def descends(nodes: dict[str, Any], node: Any) -> bool:
    """Whether a model reads the touchpoints; what customers bought and who they are is another measurement."""
    return any(
        parent in nodes and (nodes[parent].name == "touchpoints" or descends(nodes, nodes[parent]))
        for parent in node.depends_on.nodes
    )


def built(connection: duckdb.DuckDBPyConnection, node: Any) -> Cost:
    kind = "view" if node.config.materialized == "view" else "table"
    relation = f'{node.schema}."{node.alias}"'

    def build() -> int:
        connection.execute(f"create {kind} {relation} as {node.compiled_code}")
        return 0 if kind == "view" else connection.execute(f"select count(*) from {relation}").fetchall()[0][0]  # type: ignore[no-any-return]

    return cost(connection, node.name, build)


def cost(connection: duckdb.DuckDBPyConnection, name: str, step: Callable[[], int]) -> Cost:
    Path("/proc/self/clear_refs").write_text("5")  # forget the largest resident size until now
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    rows = step()
    connection.execute("checkpoint")
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(f"  {name:<26} {seconds:8.1f} s {processor:8.1f} cpu s", file=sys.stderr)
    return Cost(name, seconds, processor, int(peak.split()[1]) / 1024, rows)


if __name__ == "__main__":
    main()
