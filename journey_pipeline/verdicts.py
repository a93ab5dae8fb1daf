"""What every gate said of the candidate in the warehouse, and the refusal to build on anything less than green.

Dagster's blocking checks hold inside one run; these verdicts hold across runs. Every step writes what it built
and what its checks found, stamped with the candidate they speak of; every step to the right, and the release,
read them first. Must not be here: the checks themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

BUILT = "built"  # the verdict every asset leaves when it has been made


class NotGreen(Exception):
    """A step was asked to build on a word whose gates failed, are missing, or speak of another candidate."""


@dataclass(frozen=True)
class Verdict:
    """One gate's word on one asset. `failing_rows` counts; `description` names rows, never personal values.

    A gate that passes with failing rows is a warning: it is told, and nothing stops.
    """

    gate: str
    asset: str
    passed: bool
    failing_rows: int = 0
    description: str = ""

    @property
    def word(self) -> str:
        """The word of the asset."""
        return self.asset.split("/", 1)[0]

    @property
    def is_warning(self) -> bool:
        """Whether it lets pass what it found."""
        return self.passed and self.failing_rows > 0


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the store where it is missing."""
    connection.execute("create schema if not exists operations")
    connection.execute(
        """
        create table if not exists operations.gate_results (
            gate varchar not null, asset varchar not null, word varchar not null, candidate_id varchar not null,
            passed boolean not null, failing_rows bigint not null, description varchar not null,
            primary key (gate, asset)
        )
        """
    )


def candidate(connection: duckdb.DuckDBPyConnection) -> str:
    """Id of the candidate in the warehouse. Raises NotGreen when raw has never been built."""
    return str(_parameter(connection, "candidate_id"))


def as_of(connection: duckdb.DuckDBPyConnection) -> datetime:
    """End of event time (naive UTC) of the candidate in the warehouse. Raises NotGreen as `candidate` does."""
    held: datetime = _parameter(connection, "as_of")
    return held


def _parameter(connection: duckdb.DuckDBPyConnection, name: str) -> Any:
    if not _exists(connection, "raw", "run_parameters"):
        raise NotGreen("the warehouse holds no candidate yet; materialise the raw assets first")
    return connection.execute(f"select {name} from raw.run_parameters").fetchall()[0][0]


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    ).fetchall()
    return bool(found)


def record(connection: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict]) -> None:
    """Store verdicts for the current candidate, replacing earlier words on the same gate and asset."""
    prepare(connection)
    of = candidate(connection)
    rows = [(v.gate, v.asset, v.word, of, v.passed, v.failing_rows, v.description[:2000]) for v in verdicts]
    if rows:
        # One statement: a statement a row is a transaction a row.
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        cells = [cell for row in rows for cell in row]
        connection.execute(f"insert or replace into operations.gate_results values {places}", cells)


def read(connection: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """Verdicts that speak of the current candidate, in a fixed order."""
    return of_candidate(connection, candidate(connection))


def of_candidate(connection: duckdb.DuckDBPyConnection, candidate_id: str) -> list[Verdict]:
    """Verdicts that speak of one candidate, in a fixed order; none where the warehouse has no store."""
    if not _exists(connection, "operations", "gate_results"):
        return []
    rows = connection.execute(
        """
        select gate, asset, passed, failing_rows, description from operations.gate_results
        where candidate_id = ? order by asset, gate
        """,
        [candidate_id],
    ).fetchall()
    return [Verdict(*row) for row in rows]


def require_green(
    connection: duckdb.DuckDBPyConnection, expected: Sequence[tuple[str, str]], words: Sequence[str]
) -> list[Verdict]:
    """Return the verdicts of `words`; raise NotGreen naming every (gate, asset) that failed or is missing."""
    found = {(v.gate, v.asset): v for v in read(connection)}
    failed = [v for v in found.values() if v.word in words and not v.passed]
    missing = [e for e in expected if e[1].split("/", 1)[0] in words and e not in found]
    if failed or missing:
        lines = [f"failed: {v.asset} {v.gate}: {v.description}" for v in failed]
        lines += [f"missing: {asset} {gate} has no verdict on this candidate" for gate, asset in missing[:20]]
        raise NotGreen(
            "refused: the gates to the left are not green\n  "
            + "\n  ".join(lines)
            + "\nfix the input or the failing asset, then run from raw"
        )
    return [v for v in found.values() if v.word in words]
