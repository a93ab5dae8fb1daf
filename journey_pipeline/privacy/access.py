"""What is held of a person, for the person: their records as delivered, and what was made of them.

Holds the reading of both and the archive they are handed over in. Add here when something else is kept of people. Must
not be here: who the person is (`closure`).

A record that names somebody else's account as well is theirs too and is left out; the archive says how many there are.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from journey_pipeline.ingest import engine, load_contracts
from journey_pipeline.privacy.closure import Identifier, Person, resolved
from journey_pipeline.settings import Settings


@dataclass(frozen=True)
class Disclosure:
    """What was handed over: records by source object, rows by released table, records left out for others' sake."""

    records: dict[str, int]
    rows: dict[str, int]
    left_out: int


def disclose(settings: Settings, asked: Sequence[Identifier], target: Path, at: datetime) -> Disclosure:
    """Write what is held of a person to `target`, a zip of JSON files that only its owner may read.

    Raises:
        Nobody: no person can be named by what was asked.
        FileExistsError: `target` is there already.
    """
    contracts = load_contracts()
    with (
        resolved(settings, contracts, asked) as (connection, person),
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        left_out = _leave_out(connection)
        records: dict[str, int] = {}
        rows: dict[str, int] = {}
        for name, contract in contracts.items():
            if found := list(_records(connection, name, contract.column_names)):
                records[name] = len(found)
                _add(archive, f"records/{name}.json", found)
        for table, told in _derived(connection, settings, person):
            rows[table] = len(told)
            _add(archive, f"derived/{table}.json", told)
        about = {
            "made_at": at.isoformat(timespec="seconds"),
            "known_by": [{"kind": kind, "value": value} for kind, value in person.identifiers],
            "shared_identifiers_left_out": dict(person.shared),
            "records_left_out_that_name_others": left_out,
        }
        _add(archive, "about.json", about)
        return Disclosure(records, rows, left_out)


def _add(archive: zipfile.ZipFile, name: str, content: object) -> None:
    archive.writestr(name, json.dumps(content, ensure_ascii=False, indent=2))


def _leave_out(connection: duckdb.DuckDBPyConnection) -> int:
    """Create `mine` (contract, _row) of the records that name nobody else; the number of those that do."""
    connection.execute(
        "create temp table of_others as select distinct contract, _row from theirs semi join others using (kind, value)"
    )
    connection.execute(
        "create temp table mine as select distinct contract, _row from theirs "
        "anti join of_others using (contract, _row)"
    )
    return int(engine.rows(connection, "select count(*) from of_others")[0][0])


def _records(
    connection: duckdb.DuckDBPyConnection, contract: str, columns: Sequence[str]
) -> Iterator[dict[str, object]]:
    """The records of one source object, as delivered, without their empty cells."""
    query = "select distinct split_part(_row, '#', 1) from mine where contract = ? order by 1"
    files = [str(row[0]) for row in connection.execute(query, [contract]).fetchall()]
    if not files:
        return
    paths = ", ".join(engine.text(file) for file in files)
    read = f"read_parquet([{paths}], union_by_name = true, filename = true)"
    there = {row[0] for row in engine.rows(connection, f"describe select * from {read}")}
    cells = ", ".join(engine.name(name) for name in [*columns, "_extra"] if name in there)
    found = connection.execute(
        f"select {cells} from {read} as rows semi join (select _row from mine where contract = ?) as mine "
        "on rows.filename || '#' || rows.file_row_number = mine._row order by filename, file_row_number",
        [contract],
    )
    names = [column[0] for column in found.description or []]
    for row in found.fetchall():
        yield {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}


def _derived(
    connection: duckdb.DuckDBPyConnection, settings: Settings, person: Person
) -> Iterator[tuple[str, list[object]]]:
    """Rows of every released table that names customers, and of those that name only their conversions."""
    database = settings.home / "published" / "journey.duckdb"
    if not database.exists():
        return
    connection.execute(f"attach {engine.text(str(database.resolve()))} as released (read_only)")
    tables = engine.rows(
        connection,
        "select table_name, bool_or(column_name = 'customer_id') from duckdb_columns() "
        "where database_name = 'released' and column_name in ('customer_id', 'conversion_id') group by 1 order by 1",
    )
    for table, names_customers in tables:
        told = (
            "list_contains($1::varchar[], customer_id)"
            if names_customers
            else "conversion_id in (select conversion_id from released.conversions "
            "where list_contains($1::varchar[], customer_id))"
        )
        rows = connection.execute(
            f"select to_json(rows)::varchar from released.{engine.name(table)} as rows where {told} order by 1",
            [list(person.customer_ids)],
        ).fetchall()
        if rows:
            yield str(table), [json.loads(row[0]) for row in rows]
