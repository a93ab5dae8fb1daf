"""What each source promises, and when each of its files came, as tables that SQL can join.

Holds the service levels of the contracts. Add here when coverage must know something else that a contract declares
or the ledger remembers. Must not be here: the verdict on a source (the coverage mart), the contract's own words.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.lake import Lake


def service_levels(
    connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract], *, fail_on_gaps: bool = False
) -> None:
    """Create `raw.service_levels`, one row per contract; `fail_on_gaps` is what holds where a contract says nothing."""
    connection.execute("create schema if not exists raw")
    connection.execute("""
        create or replace table raw.service_levels (
            contract varchar, source varchar, events_tables varchar, delivery_mode varchar,
            latency_hours integer, frequency_days integer, on_gap varchar, time_zone varchar)
    """)
    usual = "refuse" if fail_on_gaps else "warn"
    for name, contract in contracts.items():
        delivery, level = contract.ingest.delivery, contract.service_level
        connection.execute(
            "insert into raw.service_levels values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name,
                name.split("__")[0],
                ",".join(contract.canonical),
                delivery.mode,
                level.latency_hours,
                level.frequency_days,
                delivery.on_gap or usual,
                contract.ingest.time.day_zone if contract.ingest.time else "UTC",
            ],
        )


def file_loads(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Create `raw.file_loads`, one row per contract and file that counts: when it was loaded. After `source_files`.

    What was there when a source object was loaded for the first time is history; only later files can be late.
    """
    with lake.ledger() as ledger:
        loads = ledger.execute("select contract, sha256, loaded_at from files where outcome = 'loaded'").fetchall()
    connection.execute(
        """
        create or replace table raw.file_loads as
        select counted.contract, counted.file_id, loads.loaded_at, counted.period_end,
            counted.exported_at,
            loads.loaded_at = min(loads.loaded_at) over (partition by counted.contract) as is_first_load
        from (
            select contract, file_id, period_end, exported_at from raw.source_files
            where outcome in ('loaded', 'superseded')
        ) as counted
        join (
            select unnest(?::varchar[]) as contract, unnest(?::varchar[]) as file_id,
                unnest(?::timestamp[]) as loaded_at
        ) as loads on counted.contract = loads.contract and counted.file_id = loads.file_id
        """,
        [[row[column] for row in loads] for column in ("contract", "sha256", "loaded_at")],
    )
