"""Does any file still hold a person? Every column decoded, every archive unpacked, no value in the answer.

Holds the reading of each kind of file a home has. Add here when a home comes to hold another kind. Must not be here:
what is done about a finding.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from journey_pipeline.ingest import engine

# Shorter texts occur by chance; such identifiers are looked for by their kind, where records carry them (`carried`).
LEAST_LENGTH = 8


@dataclass(frozen=True)
class Needles:
    """What is looked for: texts that stand alone, whatever their case."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Needles:
        """Those of the texts that are long enough to mean something."""
        return cls(tuple(sorted({text.lower() for text in texts if len(text) >= LEAST_LENGTH})))

    @property
    def pattern(self) -> str:
        """A regular expression for one of them between anything but letters and digits; also as a literal in SQL."""
        # Longest first, so that an address is not taken for one it begins with.
        words = sorted(self.texts, key=lambda text: (-len(text), text))
        return r"(^|[^0-9A-Za-z])(?:" + "|".join(_escaped(word) for word in words) + r")([^0-9A-Za-z]|$)"

    @property
    def in_bytes(self) -> re.Pattern[bytes]:
        """The same for bytes, also of UTF-16."""
        wide = "|".join(re.escape(text.encode("utf-16-le").decode("latin-1")) for text in self.texts)
        narrow = "|".join(re.escape(text.encode().decode("latin-1")) for text in self.texts)
        return re.compile(rf"(?<![0-9A-Za-z])(?:{narrow})(?![0-9A-Za-z])|(?:{wide})".encode("latin-1"), re.IGNORECASE)


def _escaped(text: str) -> str:
    return "".join(character if character.isalnum() else re.escape(character) for character in text)


def places(file: Path, needles: Needles) -> list[str]:
    """Where a file holds one of them: `table.column`, a member, or `bytes`; none when it does not."""
    if not needles.texts:
        return []
    with file.open("rb") as stream:
        head = stream.read(16)
    if file.suffix == ".duckdb":
        return list(_of_duckdb(file, needles))
    if head.startswith(b"PAR1"):
        return list(_of_parquet(file, needles))
    if head.startswith(b"SQLite format 3"):
        return list(_of_sqlite(file, needles))
    return list(_of_bytes(file, head, needles))


def files_below(folder: Path, leave_out: Iterable[Path] = ()) -> Iterator[Path]:
    """Regular files of a folder, by name, links and some folders left out."""
    out = set(leave_out)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not out & {path, *path.parents}:
            yield path


def _of_duckdb(file: Path, needles: Needles) -> Iterator[str]:
    with duckdb.connect() as connection:
        connection.execute(f"attach {engine.text(str(file))} as o (read_only)")
        tables = engine.rows(
            connection,
            "select schema_name, table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = 'o' and not internal and table_oid in (select table_oid from duckdb_tables()) "
            "group by all order by all",
        )
        for schema, table, columns in tables:
            relation = f"o.{engine.name(schema)}.{engine.name(table)}"
            yield from (f"{schema}.{table}.{name}" for name in _columns(connection, relation, columns, needles))


def _of_parquet(file: Path, needles: Needles) -> Iterator[str]:
    with duckdb.connect() as connection:
        relation = f"read_parquet({engine.file(file)}, hive_partitioning = false)"
        names = [str(row[0]) for row in engine.rows(connection, f"describe select * from {relation}")]
        yield from _columns(connection, relation, names, needles)


def _columns(connection: duckdb.DuckDBPyConnection, relation: str, names: list[str], needles: Needles) -> list[str]:
    """Columns with a finding; one pass over the row as a text first, for most tables have none."""
    pattern = engine.text(f"(?i){needles.pattern}")
    cells = [f"{engine.name(name)}::varchar" for name in names]
    whole = f"regexp_matches(concat_ws(chr(10), {', '.join(cells)}), {pattern})"
    if not engine.rows(connection, f"select 1 from {relation} where {whole} limit 1"):
        return []
    tests = ", ".join(f"bool_or(regexp_matches({cell}, {pattern}))" for cell in cells)
    found = engine.rows(connection, f"select {tests} from {relation}")[0]
    return [name for name, hit in zip(names, found, strict=True) if hit]


def _of_sqlite(file: Path, needles: Needles) -> Iterator[str]:
    pattern = re.compile(needles.pattern, re.IGNORECASE)

    def holds(*cells: object) -> bool:
        return any(
            pattern.search(cell if isinstance(cell, str) else cell.decode("utf-8", "replace"))
            for cell in cells
            if isinstance(cell, str | bytes)
        )

    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.create_function("holds", -1, holds)
        tables = [str(row[0]) for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            names = [str(row[1]) for row in connection.execute(f"pragma table_info({engine.name(table)})")]
            for name in names:
                sql = f"select 1 from {engine.name(table)} where holds({engine.name(name)}) limit 1"
                if connection.execute(sql).fetchone():
                    yield f"{table}.{name}"


def _of_bytes(file: Path, head: bytes, needles: Needles) -> Iterator[str]:
    pattern = needles.in_bytes
    if head.startswith(b"PK\x03\x04") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for number, member in enumerate(archive.namelist(), start=1):
                if _is_in(archive.read(member), pattern):
                    yield f"member {number}"
        return
    if _is_in(file.read_bytes(), pattern):
        yield "bytes"


def _is_in(content: bytes, pattern: re.Pattern[bytes]) -> bool:
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return bool(pattern.search(content))
    return bool(pattern.search(content))
