"""Rule credit against sessions on the same touchpoints: `python -m tests.benchmarks.credits [touchpoints]`.

The touchpoints are those of `journeys`, and every order told among them is a conversion. Credit is everything
from the touches of sessions to the weekly cells of all rules; sessions are everything until a touch has its session and
channel. What credit reads besides (orders with their customer, journeys, answers) is built and not counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.benchmarks.journeys import MEMORY, THREADS, Cost, built, compiled, fill, in_order

SESSIONS = ("session_hits", "customer_touchpoints", "session_touches", "sessions")
CREDIT = (
    "touch_candidates", "marketing_touches", "attributed_conversions", "touch_cycles", "conversion_reach",
    "reached_touches", "considered_touches", "conversion_touches", "excluded_touches", "rule_weights", "credit_shares",
    "credits", "credit_cells",
)  # fmt: skip
ORDERS = """
insert into events.conversions by name
select touchpoint_id as conversion_id, source, 'order' as conversion_type, occurred_at, identifier_type,
    identifier_value, 100 as gross_amount, 80 as net_amount, 'EUR' as currency, false as is_test,
    'file' as source_file_id, source_row_number
from events.touchpoints where interaction_type = 'order_placed' and not is_machine
"""


def main() -> None:
    touchpoints = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory(prefix="journey-credit-") as folder:
        warehouse = Path(folder) / "warehouse.duckdb"
        nodes = compiled(warehouse, (*SESSIONS, *CREDIT))
        with duckdb.connect(str(warehouse), config={"threads": THREADS, "memory_limit": MEMORY}) as connection:
            connection.execute(f"set TimeZone = 'UTC'; set temp_directory = '{folder}/spill'")
            connection.execute("set enable_progress_bar = false")
            fill(connection, nodes, touchpoints)
            connection.execute(ORDERS)
            costs = {node.name: built(connection, node) for node in in_order(nodes)}
    print(f"machine         {os.cpu_count()} cores; {THREADS} threads, {MEMORY}")
    print(f"touchpoints     {touchpoints:,}")
    print(f"{'':<28} {'seconds':>8} {'cpu s':>8} {'MiB':>7} {'rows':>12}")
    for name in (*SESSIONS, *CREDIT):
        show(costs[name])
    sessions, credit = (
        Cost(
            name, sum(costs[m].seconds for m in models), sum(costs[m].processor_seconds for m in models),
            max(costs[m].peak_mib for m in models), 0,
        )
        for name, models in (("sessions, whole", SESSIONS), ("credit, whole", CREDIT))
    )  # fmt: skip
    show(sessions)
    show(credit)
    print(f"credit / sessions  {credit.seconds / sessions.seconds:.2f} of the clock, "
          f"{credit.processor_seconds / sessions.processor_seconds:.2f} of the processor")  # fmt: skip


def show(one: Cost) -> None:
    print(f"{one.name:<28} {one.seconds:8.1f} {one.processor_seconds:8.1f} {one.peak_mib:7.0f} {one.rows:12,}")


if __name__ == "__main__":
    main()
