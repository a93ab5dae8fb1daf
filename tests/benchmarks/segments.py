"""Segments of many customers, model by model: `python -m tests.benchmarks.segments [customers]`.

A million by default, known for 26 weeks, with the visits and touches of `journeys` and orders of every second one.
Counted is all that segments add: the feature row of every customer and week, one segment in each set, sizes, metrics,
moves, retention and the revenue bridge of 26 weeks. What others need as well (touchpoints, sessions,
journeys, conversions) is built and not counted. The floor is DuckDB reading the same feature rows of all weeks and
writing Parquet.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.benchmarks.journeys import MEMORY, THREADS, Cost, built, compiled, cost, fill, in_order

SEGMENTS = (
    "customer_numbers", "segment_orders_told", "visit_weeks", "active_weeks", "segment_weeks", "segment_levels",
    "segment_orders", "segment_activity", "attitude_answers", "attitude_scores", "attitude_scales", "segment_customers",
    "segment_customer_weeks", "segment_features", "segment_assignments", "segment_members", "segment_versions",
    "segment_facts", "segment_cells",
    "migration_cells", "retention_cells", "revenue_bridges", "customer_segments", "value_cells",
)  # fmt: skip
ORDERS = """
insert into events.conversions by name
select md5('order' || number || ':' || place) as conversion_id, 'shop' as source, 'order' as conversion_type,
    timestamp '2026-05-18' + to_seconds((hash(number, place, 1) % 15724800)::bigint) as occurred_at,
    kind as identifier_type, identifier as identifier_value,
    20 + (hash(number, place) % 200)::bigint as gross_amount, gross_amount as net_amount, 'EUR' as currency,
    false as is_test, 'file' as source_file_id, place as source_row_number
from customers, range(6) as places(place) where draw < 0.5 and place < 1 + number % 6
"""
FEATURES = "copy (select * from journeys.segment_features) to '{path}'"


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="journey-segments-") as folder:
        warehouse = Path(folder) / "warehouse.duckdb"
        nodes = compiled(warehouse, SEGMENTS)
        with duckdb.connect(str(warehouse), config={"threads": THREADS, "memory_limit": MEMORY}) as connection:
            connection.execute(f"set TimeZone = 'UTC'; set temp_directory = '{folder}/spill'")
            connection.execute("set enable_progress_bar = false")
            fill(connection, nodes, 9 * customers)
            connection.execute(ORDERS)
            costs = {node.name: built(connection, node) for node in in_order(nodes)}
            features = FEATURES.format(path=Path(folder) / "features.parquet")
            floor = cost(connection, "floor", lambda: int(connection.execute(features).fetchall()[0][0]))
    print(f"machine         {os.cpu_count()} cores; {THREADS} threads, {MEMORY}")
    print(f"customers       {customers:,}")
    print(f"{'':<28} {'seconds':>8} {'cpu s':>8} {'MiB':>7} {'rows':>12}")
    counted = [costs[name] for name in SEGMENTS if name in costs]
    whole = Cost(
        "segments, whole", sum(c.seconds for c in counted), sum(c.processor_seconds for c in counted),
        max(c.peak_mib for c in counted), 0,
    )  # fmt: skip
    for one in (*counted, floor, whole):
        print(f"{one.name:<28} {one.seconds:8.1f} {one.processor_seconds:8.1f} {one.peak_mib:7.0f} {one.rows:12,}")
    print(f"segments / floor  {whole.seconds / floor.seconds:.2f} of the clock, "
          f"{whole.processor_seconds / floor.processor_seconds:.2f} of the processor")  # fmt: skip


if __name__ == "__main__":
    main()
