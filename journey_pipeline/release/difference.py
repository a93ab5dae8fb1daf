"""What one release says otherwise than another: tables, rows and cells, told by the files alone.

Holds the comparison of two releases by the primary keys their manifests declare. Add here when a difference needs to
tell more of itself. Must not be here: why a cell changed, how the terminal shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.release import manifest as manifests
from journey_pipeline.release.candidate import DATABASE, literal
from journey_pipeline.release.digest import STAMPS, quoted
from journey_pipeline.release.facts import ReleaseError, ReleaseNotFound
from journey_pipeline.release.pointer import release_folder, served_id

WHOLE_ROW = "*"


@dataclass(frozen=True)
class TableDifference:
    """Rows of one table that only one release has, and rows of both whose values differ.

    `rows_before` or `rows_after` is None where that release has no such table. `is_keyed` is False where the key is not
    the same in both, or the table has none: rows are then compared whole, a changed one as removed and added.
    """

    table: str
    rows_before: int | None
    rows_after: int | None
    added: int
    removed: int
    changed: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    is_keyed: bool


@dataclass(frozen=True)
class Cell:
    """One value that differs. `column` is `*` for a row that only one release has; None is an empty value."""

    key: tuple[tuple[str, str | None], ...]
    column: str
    before: str | None
    after: str | None


def differences(home: Path, before: str | None = None, after: str | None = None) -> list[TableDifference]:
    """Every table in which two releases differ, by name; the current one and the one before it unless named.

    Times of the run (`as_of`, load times) are left out: they change with every release.

    Raises:
        ReleaseNotFound: one of them does not exist, or the current one is the first.
        ReleaseDamaged: a manifest cannot be read.
    """
    before, after = _pair(home, before, after)
    old, new = (manifests.read(release_folder(home, one))["tables"] for one in (before, after))
    with _both(home, before, after) as connection:
        found = [
            _table(connection, name, old.get(name), new.get(name))
            for name in sorted(old.keys() | new.keys())
            if name not in old or name not in new or old[name]["digest"] != new[name]["digest"]
        ]
    return [one for one in found if one is not None]


def cells(home: Path, table: str, before: str | None = None, after: str | None = None) -> Iterator[Cell]:
    """Every cell of a table in which two releases differ, in the order of the key.

    Raises:
        ReleaseNotFound: a release does not exist, or has no such table.
        ReleaseDamaged: a manifest cannot be read.
        ReleaseError: the rows of the two cannot be told by one key.
    """
    before, after = _pair(home, before, after)
    old, new = (manifests.read(release_folder(home, one))["tables"].get(table) for one in (before, after))
    if old is None or new is None:
        missing = before if old is None else after
        raise ReleaseNotFound(f"release {missing} has no table {table!r}. Next: `journey release show {missing}`.")
    key = _key(old, new)
    if not key:
        raise ReleaseError(
            f"table {table}: the rows of the two releases have no key in common. Next: compare its files in tables/."
        )
    values = [name for name in _shared(old, new) if name not in key]
    with _both(home, before, after) as connection:
        cursor = connection.execute(_cell_sql(table, key, values))
        while rows := cursor.fetchmany(1000):
            for *told, column, was, now in rows:
                yield Cell(tuple(zip(key, told, strict=True)), column, was, now)


def _pair(home: Path, before: str | None, after: str | None) -> tuple[str, str]:
    after = served_id(home) if after is None else after
    if before is None:
        before = manifests.read(release_folder(home, after))["previous_release_id"]
    if before is None:
        raise ReleaseNotFound(
            f"{after} is the first release that was served; there is none before it. "
            "Next: `journey release diff <older> <newer>`."
        )
    return before, after


@contextmanager
def _both(home: Path, before: str, after: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, one in (("b", before), ("a", after)):
            path = release_folder(home, one) / DATABASE
            connection.execute(f"attach {literal(path.resolve())} as {name} (read_only)")
        yield connection


def _names(entry: dict[str, Any]) -> list[str]:
    return [column["name"] for column in entry["columns"] if column["name"] not in STAMPS]


def _shared(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    kept = set(_names(old))
    return [name for name in _names(new) if name in kept]


def _key(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    key = list(new["primary_key"])
    return key if key == list(old["primary_key"]) and not STAMPS & {*key} else []


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> TableDifference | None:
    """The difference of one table, or None when only times of the run differ."""
    if old is None or new is None:
        rows = [None if entry is None else entry["rows"] for entry in (old, new)]
        return TableDifference(name, rows[0], rows[1], rows[1] or 0, rows[0] or 0, 0, (), (), is_keyed=False)
    key, shared = _key(old, new), _shared(old, new)
    added, removed, changed = _counts(connection, name, key, shared)
    fewer, more = (tuple(column for column in _names(entry) if column not in shared) for entry in (old, new))
    if not (added or removed or changed or fewer or more):
        return None
    return TableDifference(name, old["rows"], new["rows"], added, removed, changed, more, fewer, is_keyed=bool(key))


def _counts(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], shared: Sequence[str]
) -> tuple[int, int, int]:
    if not key:
        row = ", ".join(map(quoted, shared))
        sides = [f"(select {row} from {side}.{quoted(table)})" for side in ("a", "b")]
        only = [f"select count(*) from (from {x} except all from {y})" for x, y in (sides, sides[::-1])]
        ((added, removed),) = connection.execute(f"select ({only[0]}), ({only[1]})").fetchall()
        return added, removed, 0
    values = [name for name in shared if name not in key]
    differs = " or ".join(f"b.{quoted(name)} is distinct from a.{quoted(name)}" for name in values) or "false"
    ((added, removed, changed),) = connection.execute(
        f"""
        select count(*) filter (where b._present is null), count(*) filter (where a._present is null),
            count(*) filter (where b._present and a._present and ({differs}))
        {_joined(table, key)}
        """
    ).fetchall()
    return added, removed, changed


def _joined(table: str, key: Sequence[str]) -> str:
    matched = " and ".join(f"b.{quoted(name)} is not distinct from a.{quoted(name)}" for name in key)
    before, after = (f"(select *, true as _present from {side}.{quoted(table)})" for side in ("b", "a"))
    return f"from {before} as b full join {after} as a on {matched}"


def _cell_sql(table: str, key: Sequence[str], values: Sequence[str]) -> str:
    told = ", ".join(
        f"cast(coalesce(a.{quoted(name)}, b.{quoted(name)}) as varchar) as k{n}" for n, name in enumerate(key)
    )
    row = f"struct_pack(position := -1, name := '{WHOLE_ROW}', was := {_presence('b')}, now := {_presence('a')})"
    compared = [
        f"case when b._present and a._present and b.{quoted(name)} is distinct from a.{quoted(name)} then "
        f"struct_pack(position := {n}, name := {_text(name)}, was := cast(b.{quoted(name)} as varchar), "
        f"now := cast(a.{quoted(name)} as varchar)) end"
        for n, name in enumerate(values)
    ]
    whole = f"case when b._present is null or a._present is null then {row} end"
    order = ", ".join(f"k{n}" for n in range(len(key)))
    return f"""
        select {order}, cell.name, cell.was, cell.now
        from (select {told}, unnest([{", ".join([whole, *compared])}]) as cell {_joined(table, key)})
        where cell is not null
        order by {order}, cell.position
    """


def _presence(side: str) -> str:
    return f"case when {side}._present then 'row' end"


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
