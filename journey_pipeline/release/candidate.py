"""From the gated warehouse to the files of a release: `journey.duckdb` and `tables/*.parquet`.

Add here when a release gains another form of the same tables. Must not be here: gates, the manifest, the pointer.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.release.audit import OF_THE_RELEASE_BEFORE
from journey_pipeline.release.digest import quoted, table_digest
from journey_pipeline.release.facts import ADDED_TABLES, GateResult, ReleaseFacts, ReleaseRefused

DATABASE = "journey.duckdb"
TABLES = "tables"
# DuckDB 1.5 opens files of this version; it cannot open the 2.0 default. BI tools lag behind.
STORAGE_VERSION = "v1.2.0"
_SPILL = ".spill"
_ROW_GROUP_ROWS = 122_880


@contextmanager
def candidate_connection(
    warehouse: Path, building: Path, threads: int, readable: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory engine that sees the warehouse (`w`, read-only) and may write only into the building folder.

    It may attach what lies in the `readable` folders.
    """
    spill = building / _SPILL
    spill.mkdir()
    connection = duckdb.connect()
    try:
        for setting in (
            "autoinstall_known_extensions",
            "autoload_known_extensions",
            "allow_community_extensions",
        ):
            connection.execute(f"set {setting} = false")
        connection.execute(f"set threads = {int(threads)}")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"set temp_directory = {literal(spill)}")
        folders = ", ".join(map(literal, [warehouse.parent, building, *readable]))
        connection.execute(f"set allowed_directories = [{folders}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        connection.execute(f"attach {literal(warehouse)} as w (read_only)")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def check_warehouse(connection: duckdb.DuckDBPyConnection, facts: ReleaseFacts) -> list[str]:
    """Reasons why this warehouse is not the candidate the facts describe; empty when it is."""
    present = {
        (schema, name)
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'w'"
        ).fetchall()
    }
    if ("raw", "run_parameters") not in present:
        return ["the warehouse has no raw.run_parameters, so it cannot be the gated candidate"]
    reasons = []
    rows = connection.execute("select candidate_id, as_of from w.raw.run_parameters").fetchall()
    as_of = facts.as_of.astimezone(UTC).replace(tzinfo=None)
    if rows != [(facts.candidate_id, as_of)]:
        reasons.append("the warehouse was built for another candidate or another as_of than the gates were")
    marts = {name for schema, name in present if schema == "marts"}
    reasons += [f"table marts.{name} is declared but was not built" for name in sorted(set(facts.tables) - marts)]
    reasons += [f"table marts.{name} was built but is not declared" for name in sorted(marts - set(facts.tables))]
    reasons += [f"table marts.{name} has a name the release itself adds" for name in ADDED_TABLES if name in marts]
    return reasons


def build_database(
    connection: duckdb.DuckDBPyConnection,
    building: Path,
    facts: ReleaseFacts,
    gates: Sequence[GateResult],
    restate: Callable[[duckdb.DuckDBPyConnection, str], None],
) -> None:
    """Write `journey.duckdb` as a new file: every marts table in key order, the gates, the facts, the restatements.

    `restate` makes the table of that name from the new file and what was released before.
    A new file holds no bytes of deleted rows. It is reattached read-only as `o`.

    Raises:
        ReleaseRefused: a primary key is not unique.
    """
    target = building / DATABASE
    connection.execute(f"attach {literal(target)} as o (storage_version '{STORAGE_VERSION}')")
    for name, key in facts.tables.items():
        connection.execute(f"create table o.{quoted(name)} as from w.marts.{quoted(name)} order by {_order(key)}")
    _write_gates(connection, gates)
    _write_facts(connection, facts)
    restate(connection, "o.restatements")
    connection.execute("checkpoint o")
    connection.execute("detach o")
    if target.with_name(target.name + ".wal").exists():
        raise ReleaseRefused([f"{DATABASE} still has a write-ahead log after its checkpoint"])
    connection.execute(f"attach {literal(target)} as o (read_only)")
    repeated = [name for name, key in facts.tables.items() if key and not _is_unique(connection, name, key)]
    if repeated:
        raise ReleaseRefused([f"table marts.{name} has repeated primary keys" for name in repeated])


def export_tables(connection: duckdb.DuckDBPyConnection, building: Path, facts: ReleaseFacts) -> None:
    """Write one Parquet file per table of `o`, rows in key order, compressed with zstd."""
    (building / TABLES).mkdir()
    for name in [*facts.tables, *ADDED_TABLES]:
        path = building / TABLES / f"{name}.parquet"
        connection.execute(
            f"copy (from o.{quoted(name)}) to {literal(path)} "
            f"(format parquet, compression zstd, row_group_size {_ROW_GROUP_ROWS})"
        )


def describe_tables(connection: duckdb.DuckDBPyConnection, facts: ReleaseFacts) -> dict[str, dict[str, Any]]:
    """Rows, columns, key and digest of every released table, read back from the new file.

    Raises:
        ReleaseRefused: a table in the new file differs from the one the gates saw.
    """
    described = {}
    for name in [*facts.tables, *ADDED_TABLES]:
        relation = f"o.{quoted(name)}"
        digest = table_digest(connection, relation)
        if name in facts.tables and digest != table_digest(connection, f"w.marts.{quoted(name)}"):
            raise ReleaseRefused([f"table {name}: the copy in {DATABASE} differs from the warehouse"])
        columns = connection.execute(f"describe from {relation}").fetchall()
        ((rows,),) = connection.execute(f"select count(*) from {relation}").fetchall()
        described[name] = {
            "rows": rows,
            "columns": [{"name": column, "type": kind} for column, kind, *_ in columns],
            "primary_key": list(facts.tables.get(name, ())),
            "digest": digest,
        }
    return described


def literal(path: Path) -> str:
    """A path as an SQL text literal."""
    return "'" + str(path).replace("'", "''") + "'"


def _order(key: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in key) if key else "all"


def _is_unique(connection: duckdb.DuckDBPyConnection, name: str, key: Sequence[str]) -> bool:
    ((rows, keys),) = connection.execute(
        f"select (select count(*) from o.{quoted(name)}), "
        f"(select count(*) from (select distinct {_order(key)} from o.{quoted(name)}))"
    ).fetchall()
    return bool(rows == keys)


def _write_gates(connection: duckdb.DuckDBPyConnection, gates: Sequence[GateResult]) -> None:
    connection.execute(
        "create table o.gate_results (gate varchar, word varchar, asset varchar, passed boolean, "
        "failing_rows bigint, description varchar)"
    )
    lasting = [gate for gate in gates if gate.gate not in OF_THE_RELEASE_BEFORE]
    ordered = sorted(lasting, key=lambda gate: (gate.word, gate.asset, gate.gate))
    connection.executemany(
        "insert into o.gate_results values (?, ?, ?, ?, ?, ?)",
        [
            [
                gate.gate,
                gate.word,
                gate.asset,
                gate.passed,
                gate.failing_rows,
                gate.description,
            ]
            for gate in ordered
        ],
    )


def _write_facts(connection: duckdb.DuckDBPyConnection, facts: ReleaseFacts) -> None:
    def naive(value: datetime) -> datetime:
        return value.astimezone(UTC).replace(tzinfo=None)

    connection.execute(
        "create table o.release (release_id varchar, as_of timestamp, known_at timestamp, time_zone varchar, "
        "candidate_id varchar, configuration_hash varchar, code_version varchar, rule_versions varchar, "
        "input_files bigint)"
    )
    connection.execute(
        "insert into o.release values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            facts.release_id,
            naive(facts.as_of),
            naive(facts.known_at),
            facts.time_zone,
            facts.candidate_id,
            facts.configuration_hash,
            facts.code_version,
            json.dumps(dict(facts.rule_versions), sort_keys=True),
            facts.input_files,
        ],
    )
