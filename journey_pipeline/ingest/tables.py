"""The raw schema of a warehouse: views over the lake, and the tables that say what was delivered.

Holds the SQL that turns delivery rules into `_is_current`. Add here when a contract gets a new delivery mode.
Must not be here: parsing, casts, anything that writes to the lake.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.lake import FOREVER, STANDING_DELIVERIES, Lake, stored_time, time_text
from journey_pipeline.ingest.parsing import ACCEPTED
from journey_pipeline.ingest.rules import instant

LINEAGE = {
    "_file_id": "varchar",
    "_row_number": "bigint",
    "_delivery_rank": "integer",
    "_is_current": "boolean",
    "_exported_at": "timestamp",
    "_file_name": "varchar",
    "_extra": "varchar",
}


@dataclass(frozen=True)
class _RawFile:
    sha256: str
    rank: int
    exported_at: datetime | None
    name: str
    columns: list[str]


def register(
    connection: duckdb.DuckDBPyConnection, contract: Contract, lake: Lake, known_at: datetime | None = None
) -> None:
    """Create the view `raw.<contract id>` over the files loaded at or before `known_at` (None: all).

    Columns: the contract's, as VARCHAR, then the lineage columns `LINEAGE`. Rows that a later delivery
    replaces have `_is_current = false`; which those are is computed once, into `raw.superseded_rows`. Without
    any file the view is empty but has its columns.
    """
    _prepare(connection)
    connection.execute("delete from raw.superseded_rows where contract = ?", [contract.id])
    files = _files(lake, contract, known_at)
    view = f"raw.{engine.name(contract.id)}"
    if not files:
        typed = [f"null::varchar as {engine.name(name)}" for name in contract.column_names]
        typed += [f"null::{kind} as {name}" for name, kind in LINEAGE.items()]
        connection.execute(f"create or replace view {view} as select {', '.join(typed)} where false")
        return
    ranked = _ranked(contract, lake, files)
    stale = _stale_rows(contract, ranked)
    connection.execute(f"insert into raw.superseded_rows {stale}")
    columns = ", ".join(f"delivered.{engine.name(name)}" for name in contract.column_names)
    connection.execute(f"""
        create or replace view {view} as
        select {columns}, delivered._file_id, delivered._row_number, delivered._delivery_rank,
            superseded._row_number is null as _is_current, delivered._exported_at, delivered._file_name,
            delivered._extra
        from ({ranked}) as delivered
        left join (
            select _file_id, _row_number from raw.superseded_rows where contract = {engine.text(contract.id)}
        ) as superseded
            on delivered._file_id = superseded._file_id and delivered._row_number = superseded._row_number
    """)


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists raw")
    connection.execute(
        "create table if not exists raw.superseded_rows (contract varchar, _file_id varchar, _row_number bigint)"
    )


def _files(lake: Lake, contract: Contract, known_at: datetime | None) -> list[_RawFile]:
    """Files that count, ranked by (export time, content id); the latest of several deliveries counts."""
    if not lake.ledger_path.exists():
        return []
    with lake.ledger() as ledger:
        rows = ledger.execute(
            "select files.sha256 as sha256, columns, max(deliveries.exported_at) as at, min(deliveries.path) as name "
            f"from files join ({STANDING_DELIVERIES}) as deliveries on deliveries.contract = files.contract "
            "and deliveries.sha256 = files.sha256 "
            "where files.contract = :contract and outcome = 'loaded' and loaded_at <= :until "
            "group by files.sha256",
            {"contract": contract.id, "until": time_text(known_at) or FOREVER},
        ).fetchall()
    dated = sorted((row["at"] or "", row["sha256"], row["name"], row["columns"]) for row in rows)
    return [
        _RawFile(sha256, rank, stored_time(at), name, json.loads(columns))
        for rank, (at, sha256, name, columns) in enumerate(dated, start=1)
    ]


def _ranked(contract: Contract, lake: Lake, files: list[_RawFile]) -> str:
    """Rows of all files with rank and export time; columns that no file has are null.

    A file of the lake is named by its content id and keeps the records in the order of the delivered file.
    """
    delivered = {name for file in files for name in file.columns}
    # Reading all footers is only worth its time when the columns differ.
    is_mixed = len({tuple(file.columns) for file in files}) > 1
    columns = "".join(
        f"rows.{engine.name(name)}, " if name in delivered else f"null::varchar as {engine.name(name)}, "
        for name in contract.column_names
    )
    lie_at = {file.sha256: lake.raw_path(contract.id, file.sha256).absolute() for file in files}
    paths = ", ".join(engine.file(path) for path in lie_at.values())
    values = ", ".join(
        f"({engine.text(str(lie_at[file.sha256]))}, {engine.text(file.sha256)}, {file.rank}, "
        f"{_timestamp(file.exported_at)}, {engine.text(file.name)})"
        for file in files
    )
    return f"""
        select {columns}rows._extra, files.file_id as _file_id, rows.file_row_number + 1 as _row_number,
            files.rank::integer as _delivery_rank, files.exported_at as _exported_at, files.name as _file_name
        from (
            select *, file_row_number, filename
            from read_parquet([{paths}], union_by_name = {str(is_mixed).lower()}, hive_partitioning = false)
            where _verdict = {engine.text(ACCEPTED)}
        ) as rows
        join (values {values}) as files(path, file_id, rank, exported_at, name) on rows.filename = files.path
    """


def _timestamp(moment: datetime | None) -> str:
    return f"timestamp {engine.text(str(moment))}" if moment else "null::timestamp"


def _stale_rows(contract: Contract, ranked: str) -> str:
    """Rows that are not current, by the contract's delivery mode. Null key parts compare as equal."""
    delivery = contract.ingest.delivery
    key = ", ".join(engine.name(column) for column in (delivery.window or delivery.key))
    if delivery.mode == "snapshot_full":
        # A snapshot may come in parts: all files of the newest export time are it, each record once.
        newest = "_exported_at is not distinct from max(_exported_at) over ()"
        if key:
            latest = f"partition by _exported_at, {key} order by _delivery_rank desc, _row_number desc"
            newest += f" and row_number() over ({latest}) = 1"
    elif delivery.mode == "replace_window" and not delivery.window:
        return _covered_rows(contract, ranked, _dated_by(contract))
    elif delivery.mode == "replace_window":
        newest = f"_delivery_rank = max(_delivery_rank) over (partition by {key})"
    else:
        order = ["_delivery_rank desc", "_row_number desc"]
        if delivery.version:
            order.insert(0, f"{_version(delivery.version)} desc nulls last")
        newest = f"row_number() over (partition by {key} order by {', '.join(order)}) = 1"
    return f"select {engine.text(contract.id)}, _file_id, _row_number from ({ranked}) qualify not ({newest})"


def _covered_rows(contract: Contract, ranked: str, moment: str) -> str:
    """Rows whose moment lies in the period of a later file of the same scope, also where that file has no row there."""
    scope = "".join(f"{engine.name(column)}, " for column in contract.ingest.delivery.scope)
    same = " and ".join(
        [
            *(
                f"rows.{engine.name(c)} is not distinct from later.{engine.name(c)}"
                for c in contract.ingest.delivery.scope
            ),
            "rows._delivery_rank < later._delivery_rank",
            "rows._at between later.first_at and later.last_at",
        ]
    )
    return f"""
        with rows as (select *, {moment} as _at from ({ranked})),
        periods as (
            select {scope}_delivery_rank, min(_at) as first_at, max(_at) as last_at from rows group by all
        )
        select {engine.text(contract.id)}, _file_id, _row_number from rows
        where exists (select 1 from periods as later where {same})
    """


def _dated_by(contract: Contract) -> str:
    if contract.ingest.time is None:
        raise ValueError(f"{contract.id} has no time block")
    return instant(contract.ingest.time)


def _version(column: str) -> str:
    """A version column as an instant that does not depend on the zone of the session; naive text is UTC."""
    cell = engine.name(column)
    naive = f"try_strptime({cell}, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%dT%H:%M:%S'])"
    # Whole numbers count from 1970; whatever their unit, within one contract they sort alike.
    epoch = f"make_timestamp(try_cast({cell} as bigint))"
    return f"coalesce({naive}, timezone('UTC', try_cast({cell} as timestamptz)), {epoch})"


def source_files(connection: duckdb.DuckDBPyConnection, lake: Lake, known_at: datetime | None = None) -> None:
    """Create `raw.source_files` and `raw.quarantine` from the ledger; call after `register` of all contracts.

    Exactly one row per delivered path and content. Of equal files the first path by name is the loaded one.
    Held files are listed only while the inbox has them, so that nothing remains of a fault put right.
    """
    _prepare(connection)
    connection.execute("""
        create or replace table raw.source_files (
            file_id varchar, contract varchar, file_name varchar, path varchar, outcome varchar,
            records bigint, accepted bigint, quarantined bigint, dropped bigint, erased bigint, superseded bigint,
            period_start timestamp, period_end timestamp, exported_at timestamp, error_code varchar,
            warnings varchar[]);
        create or replace table raw.quarantine (
            file_id varchar, contract varchar, file_name varchar, row_number bigint, line bigint,
            column_name varchar, rule varchar, expected varchar, found_shape varchar)
    """)
    if not lake.ledger_path.exists():
        return
    with lake.ledger() as ledger:
        deliveries = ledger.execute(_DELIVERIES, {"until": time_text(known_at) or FOREVER}).fetchall()
        cells = _cells(ledger)
    superseded = {
        (contract, file_id): int(count)
        for contract, file_id, count in engine.rows(
            connection, "select contract, _file_id, count(*) from raw.superseded_rows group by all"
        )
    }
    _insert(connection, "raw.source_files", [_source_file(row, superseded) for row in deliveries])
    _insert(connection, "raw.quarantine", [line for row in deliveries for line in _quarantine(row, cells)])


_DELIVERIES = f"""
    select files.*, coalesce(redactions.erased, 0) as erased,
        deliveries.path as path, deliveries.exported_at as export_at,
        row_number() over (partition by files.contract, files.sha256 order by path) as copy
    from ({STANDING_DELIVERIES}) as deliveries
    join files on files.contract = deliveries.contract and files.sha256 = deliveries.sha256
    left join redactions on redactions.contract = files.contract and redactions.sha256 = files.sha256
    where files.loaded_at <= :until and (outcome = 'loaded' or in_inbox = 1)
    order by files.contract, path, files.sha256
"""


def _cells(ledger: sqlite3.Connection) -> dict[tuple[str, str], list[sqlite3.Row]]:
    found: dict[tuple[str, str], list[sqlite3.Row]] = {}
    for row in ledger.execute("select * from bad_cells order by record, column_name, rule"):
        found.setdefault((row["contract"], row["sha256"]), []).append(row)
    return found


def _source_file(row: sqlite3.Row, superseded: dict[tuple[str, str], int]) -> list[object]:
    outcome = row["outcome"]
    counts = [row["records"], row["accepted"], row["quarantined"], row["dropped"], row["erased"]]
    replaced = superseded.get((row["contract"], row["sha256"]), 0)
    if outcome == "loaded" and row["copy"] > 1:
        outcome, counts, replaced = "duplicate", [0, 0, 0, 0, 0], 0
    elif outcome == "loaded" and 0 < row["accepted"] == replaced:
        outcome = "superseded"
    fault = json.loads(row["fault"]) if row["fault"] else {}
    return [
        row["sha256"],
        row["contract"] or None,
        row["path"].rsplit("/", 1)[-1],
        row["path"],
        outcome,
        *counts,
        replaced,
        stored_time(row["period_start"]),
        stored_time(row["period_end"]),
        stored_time(row["export_at"]),
        fault.get("code"),
        json.loads(row["warnings"]),
    ]


def _quarantine(row: sqlite3.Row, cells: dict[tuple[str, str], list[sqlite3.Row]]) -> list[list[object]]:
    """Bad cells of a file, else the fault that holds it; nothing for the second copy of a loaded file."""
    if row["outcome"] == "loaded" and row["copy"] > 1:
        return []
    start = [row["sha256"], row["contract"] or None, row["path"].rsplit("/", 1)[-1]]
    lines = [
        [
            *start,
            cell["record"],
            cell["line"],
            cell["column_name"],
            cell["rule"],
            cell["expected"],
            cell["found_shape"],
        ]
        for cell in cells.get((row["contract"], row["sha256"]), [])
    ]
    if row["fault"] and not lines:
        fault = json.loads(row["fault"])
        keys = ("record", "line", "column", "code", "expected", "found")
        lines.append([*start, *(fault.get(key) for key in keys)])
    return lines


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[list[object]]) -> None:
    for row in rows:
        connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
