"""One short text that says whether two tables hold the same rows.

Add here when a column type needs its own canonical text. Must not be here: comparing, storing or explaining
differences.
"""

from __future__ import annotations

import hashlib
import json

import duckdb

# Load times differ between two loads of the same bytes; everything else must be reproducible.
VOLATILE_COLUMNS = frozenset({"loaded_at", "known_at"})
# What says of every row when it was made, and of no row that it says something else.
STAMPS = VOLATILE_COLUMNS | {"as_of"}

_SAFE_TEXT = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
        "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
        "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "UUID", "INTERVAL",
    }
)  # fmt: skip


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_digest(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """SHA-256 (64 hex characters) of a relation's columns and rows, whatever their order.

    Each row becomes one canonical text (NULL apart from empty, doubles by shortest round trip, text prefixed by its
    length so that no separator can be forged). The two little-endian 64-bit halves of its MD5 are summed exactly
    (HUGEINT), so neither row order nor thread count matters, and no engine-private hash takes part. Column names,
    types and order belong to the digest; `loaded_at` does not.

    Args:
        connection: any DuckDB connection that sees the relation.
        relation: an SQL table name, already quoted where it needs to be; never a value from data.

    Raises:
        duckdb.Error: the relation does not exist.
        TypeError: a nested column holds zoned times, whose text depends on the session.
    """
    described = connection.execute(f"describe select * from {relation}").fetchall()
    columns = [(name, kind) for name, kind, *_ in described if name not in VOLATILE_COLUMNS]
    parts = ", ".join(f"coalesce({_canonical(quoted(name), kind)}, '~')" for name, kind in columns)
    row_text = f"concat_ws('|', {parts})" if parts else "''"
    ((count, upper, lower),) = connection.execute(
        f"""
        with row_texts as (select {row_text} as row_text from {relation})
        select count(*), coalesce(sum(md5_number_upper(row_text)), 0), coalesce(sum(md5_number_lower(row_text)), 0)
        from row_texts
        """
    ).fetchall()
    text = json.dumps(
        [columns, int(count), str(upper), str(lower)],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(column: str, kind: str) -> str:
    """SQL for the canonical text of one value; NULL stays NULL."""
    if kind in {"DOUBLE", "FLOAT"}:
        return f"cast(cast({column} as double) + cast(0 as double) as varchar)"  # + 0 turns -0.0 into 0.0
    if kind in _SAFE_TEXT or kind.startswith("DECIMAL"):
        return f"cast({column} as varchar)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"cast(epoch_us({column}) as varchar)"  # its text depends on the session's zone
    if kind == "BLOB":
        return f"hex({column})"
    if "TIME ZONE" in kind:
        raise TypeError(f"column {column.strip(chr(34))} nests {kind}: release naive UTC timestamps instead")
    text = (
        f"cast({column} as varchar)"
        if kind == "VARCHAR" or kind.startswith("ENUM")
        else f"cast(to_json({column}) as varchar)"
    )
    return f"strlen({text}) || ':' || {text}"
