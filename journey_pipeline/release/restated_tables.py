"""What two releases are compared by: their tables in every state in between, as far as they were reported before.

Holds which rows belong to closed weeks, which columns are compared, and the SQL of one state of a table. Add here when
a released table has a time of its own. Must not be here: the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from journey_pipeline.release.digest import STAMPS, quoted
from journey_pipeline.release.facts import ADDED_TABLES
from journey_pipeline.release.states import State

# Stands for the row itself: its value is `row` where there is one.
ROW = "*"
# Tables without a week in their key that are told cell by cell, and the day a row is of.
DAYS = {
    "content_metrics": "snapshot_date",
    "retention": "cohort_week + cast(7 * interval_number as integer)",  # the week that the interval ends with
    "spend": "spend_date",
}
# When a row of the other tables happened; one that names no time, or has none, is compared whatever its time.
TIMES = {
    "account_members": "last_seen_at",
    "accounts": "first_seen_at",
    "conversions": "occurred_at",
    "credits": "touched_at",
    "customer_attributes": "observed_at",
    "customer_consents": "valid_from",
    "customer_timeline": "occurred_at",
    "customers": "first_seen_at",
    "identifiers": "first_seen_at",
    "identity_changes": "changed_as_of",
    "identity_exceptions": "first_seen_at",
    "journeys": "entered_at",
    "journey_paths": "week",
    "sessions": "started_at",
    "touchpoints": "occurred_at",
}


@dataclass(frozen=True)
class Table:
    """One released table in every state: `sides` are SQL, None where a state has no such table.

    A side holds the rows of closed weeks only, so that a row which moves out of them counts as removed. `shared` are
    the columns that every state has, `columns` those of them outside the key, with the type of the candidate;
    `partial` are the columns that only some states have, with the places of those.
    """

    name: str
    key: tuple[str, ...]
    shared: tuple[str, ...]
    columns: Mapping[str, str]
    partial: Mapping[str, frozenset[int]]
    sides: tuple[str | None, ...]
    is_weekly: bool
    is_keyed: bool

    @property
    def is_told_by_cell(self) -> bool:
        """Whether every cell is told, and not only how many changed."""
        return self.is_weekly and self.is_keyed and None not in self.sides


@dataclass(frozen=True)
class Scope:
    """What the previous release had already reported: all before its `as_of`, which carries a time zone."""

    previous_release_id: str
    previous_as_of: datetime
    time_zone: str

    def before(self, kind: str) -> str:
        """The cut-off as an SQL literal for a column of days or of UTC moments."""
        if kind == "DATE":
            return f"date '{self.previous_as_of.astimezone(ZoneInfo(self.time_zone)).date().isoformat()}'"
        return f"timestamp '{self.previous_as_of.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"


def told_tables(
    connection: duckdb.DuckDBPyConnection,
    states: Sequence[State],
    tables: Mapping[str, tuple[str, ...]],
    scope: Scope,
) -> list[Table]:
    """Every table of the states by name, ready to be compared.

    Args:
        connection: may attach the databases of the states; those it has attached already are used as they are.
        states: the previous release first, the candidate last.
        tables: every released table and its key.
        scope: the previous release.

    Raises:
        duckdb.Error: a state cannot be read.
    """
    places = _attach(connection, states)
    described = [_described(connection, *place) for place in places]
    names = sorted(set[str]().union(*described).difference(ADDED_TABLES))
    return [
        _table(connection, name, tables.get(name, ()), places, [state.get(name) for state in described], scope)
        for name in names
    ]


def _attach(connection: duckdb.DuckDBPyConnection, states: Sequence[State]) -> list[tuple[str, str]]:
    """The database and schema of every state; a file is attached once, however many states it holds."""
    known = {
        Path(path).resolve(): name
        for name, path in connection.execute("select database_name, path from duckdb_databases()").fetchall()
        if path
    }
    places = []
    for state in states:
        file = state.database.resolve()
        if file not in known:
            known[file] = f"state_{len(known)}"
            connection.execute(f"attach {text(str(file))} as {known[file]} (read_only)")
        places.append((known[file], state.schema))
    return places


def _described(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> dict[str, dict[str, str]]:
    """Columns and their types by table."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        """
        select table_name, column_name, data_type from duckdb_columns()
        where database_name = ? and schema_name = ? order by table_name, column_index
        """,
        [database, schema],
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    key: tuple[str, ...],
    places: Sequence[tuple[str, str]],
    types: Sequence[Mapping[str, str] | None],
    scope: Scope,
) -> Table:
    present = [kinds for kinds in types if kinds is not None]
    latest = present[-1]
    shared = [column for column in latest if column not in STAMPS and all(column in kinds for kinds in present)]
    others = sorted(set[str]().union(*present) - {*shared} - STAMPS)
    columns = {column: latest[column] for column in shared}
    day = "week" if "week" in key else DAYS.get(name)
    time = day or TIMES.get(name)
    if time is not None and time.isidentifier() and time not in shared:
        day = time = None
    sides = tuple(
        None if kinds is None else _side(name, place, kinds, columns, time, scope)
        for place, kinds in zip(places, types, strict=True)
    )
    return Table(
        name,
        key,
        tuple(shared),
        {column: kind for column, kind in columns.items() if column not in key},
        {
            column: frozenset(n for n, kinds in enumerate(types) if kinds is not None and column in kinds)
            for column in others
        },
        sides,
        is_weekly=day is not None,
        is_keyed=bool(key) and {*key} <= {*shared} and all(_is_unique(connection, side, key) for side in sides if side),
    )


def _side(
    name: str,
    place: tuple[str, str],
    kinds: Mapping[str, str],
    columns: Mapping[str, str],
    time: str | None,
    scope: Scope,
) -> str:
    """The rows of closed weeks of one state, every value as the candidate would write it."""
    values = ", ".join(
        f"{_as_written(column, kind, columns.get(column, kind))} as {quoted(column)}"
        for column, kind in kinds.items()
        if column not in STAMPS
    )
    relation = ".".join(map(quoted, (*place, name)))
    if time is None:
        return f"(select {values}, true as _present, cast(null as date) as _day from {relation})"
    limit = scope.before(columns.get(time, "DATE"))
    return (
        f"(select {values}, true as _present, cast({time} as date) as _day from {relation} "
        f"where coalesce({time} < {limit}, true))"
    )


def _as_written(column: str, kind: str, latest: str) -> str:
    value = quoted(column) if kind == latest else f"try_cast({quoted(column)} as {latest})"
    return f"{value} + cast(0 as double)" if latest in {"DOUBLE", "FLOAT"} else value  # -0.0 is written 0.0


def _is_unique(connection: duckdb.DuckDBPyConnection, side: str, key: Sequence[str]) -> bool:
    names = ", ".join(map(quoted, key))
    ((rows, keys),) = connection.execute(
        f"select (select count(*) from {side}), (select count(*) from (select distinct {names} from {side}))"
    ).fetchall()
    return bool(rows == keys)


def text(value: str) -> str:
    """A value as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"
