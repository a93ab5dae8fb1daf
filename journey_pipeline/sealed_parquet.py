"""Parquet files that carry a digest of their own rows, held against it before they are read.

DuckDB looks at no checksum of a Parquet file: a flipped bit gives other rows without a word. Delivered files have their
digests in the ledger; the parts that builds leave in the lake carry them inside. Add here when such a part needs
another guarantee. Must not be here: what a part says.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from journey_pipeline.release.digest import table_digest

_KEY = "rows_digest"


class PartDamaged(Exception):
    """A part of the lake does not hold the rows that were written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"E_LAKE_DAMAGED: expected in lake/{'/'.join(path.parts[-3:])} the rows that were written, found others; "
            "put the file back from a backup and run again. Removed instead, what it alone told is told anew: names of "
            "customers, or a baseline, may change"
        )


def write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of a query to a file, with their digest in it."""
    digest = table_digest(connection, f"({query})")
    connection.execute(
        f"copy ({query}) to {_literal(path)} (format parquet, compression zstd, kv_metadata {{{_KEY}: '{digest}'}})"
    )


def require_whole(connection: duckdb.DuckDBPyConnection, paths: Iterable[Path]) -> None:
    """Raise unless each file still holds the rows that were written; one without a digest is taken as it is.

    Raises:
        PartDamaged: names the first that does not.
    """
    for path in paths:
        try:
            told = connection.execute(
                f"select decode(value) from parquet_kv_metadata({_literal(path)}) where decode(key) = '{_KEY}'"
            ).fetchall()
            whole = not told or told == [(table_digest(connection, f"read_parquet({_literal(path)})"),)]
        except duckdb.Error:
            whole = False
        if not whole:
            raise PartDamaged(path)


def _literal(path: Path) -> str:
    return "'" + str(path.absolute()).replace("'", "''") + "'"
