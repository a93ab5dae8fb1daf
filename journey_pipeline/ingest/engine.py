"""The DuckDB connection that parses delivered files, and the few SQL spellings everybody needs.

Holds the hardening and the quoting. Add here what every parser connection must have.
Must not be here: SQL that knows a format, a contract or a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb


@dataclass(frozen=True)
class Resources:
    """What one parser may use."""

    threads: int = 2
    memory_limit: str = "2GB"


@contextmanager
def parser(folder: Path, resources: Resources = Resources()) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection, in UTC, that can touch `folder` and nothing else and fetches no extension."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "threads": str(resources.threads),
            "memory_limit": resources.memory_limit,
            "temp_directory": str(folder),
            "preserve_insertion_order": "true",
        }
    )
    try:
        connection.execute("set TimeZone = 'UTC'")
        # The permission is checked on the spelling of the path, and reads spell it as a glob that fits one file.
        connection.execute(f"set allowed_directories = [{text(f'{folder}/')}, {file(folder)[:-1]}/']")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def memory_bytes(limit: str) -> int:
    """Bytes of a memory limit as the settings allow it, such as `2GB` or `900MB`."""
    return int(float(limit[:-2]) * {"MB": 1000**2, "GB": 1000**3}[limit[-2:]])


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: Sequence[str]) -> str:
    """A SQL list of text literals, without the brackets."""
    return ", ".join(text(value) for value in values)


def file(path: Path) -> str:
    """A path as a literal that DuckDB cannot take for a glob."""
    return text("".join(f"[{character}]" if character in "*?[" else character for character in str(path)))


def json_path(key: str) -> str:
    """A literal JSON pointer to one top-level key, whatever characters it has: in a JSONPath `*` is every key."""
    return text("/" + key.replace("~", "~0").replace("/", "~1"))
