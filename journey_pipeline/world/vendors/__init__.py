"""One module per vendor: the world's tables in, files in that vendor's own format out.

Add a module per vendor with one function `write(con, delivery, ...)`, and call it in `world.deliveries`. Here
is only what every writer shares: putting bytes under the inbox, and noting for the truth what it holds. Must not
be here: a draw.
"""

import gzip
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import duckdb

GZIP_LEVEL = 4  # measured: half the time of level 6 for a tenth more bytes


@dataclass
class Delivery:
    """Files written below one folder, with their sizes by path relative to it.

    `sources` are written; with `is_planted` the documented defects are planted in them and counted in `defects`.
    """

    folder: Path
    sources: frozenset[str] = frozenset()
    is_planted: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    defects: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, content: bytes) -> None:
        """Write one file; a name ending in `.gz` is compressed, without a time stamp in its header."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = gzip.compress(content, GZIP_LEVEL, mtime=0) if name.endswith(".gz") else content
        path.write_bytes(data)
        self.sizes[name] = len(data)

    def write_text(self, name: str, text: str) -> None:
        """Write one UTF-8 file; a text without a record is no file, as an export without rows is never sent."""
        if has_records(name, text):
            self.write(name, text.encode())

    def write_zip(self, name: str, members: dict[str, str | bytes]) -> None:
        """Write one zip of the members that have records, if any."""
        if any(has_records(member, content) for member, content in members.items()):
            self.write(name, zipped(members))

    def plant(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        """Note the planted defects that a query counts as (name, count); those that are not there are left out."""
        for name, count in con.execute(query).fetchall():
            if count:
                self.defects[name] = self.defects.get(name, 0) + int(count)


def has_records(name: str, content: str | bytes) -> bool:
    """Whether there is more in a file than, in a CSV, its header."""
    newline = "\n" if isinstance(content, str) else b"\n"
    return len(content.strip().split(newline, 1)) > 1 if name.endswith(".csv") else bool(content)  # type: ignore[arg-type]


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A zip of the members that have records, with a fixed time in it, so that its bytes are always the same."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=GZIP_LEVEL) as archive:
        for name, content in members.items():
            if has_records(name, content):
                entry = zipfile.ZipInfo(name)  # dated 1980-01-01, the zero of the format
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    return buffer.getvalue()


def start_records(con: duckdb.DuckDBPyConnection) -> None:
    """Create `owned`, the identifiers of people, and `counted`, the control totals, which writers add to."""
    con.execute("create table owned (person bigint, identifier_type text, identifier_value text)")
    con.execute("create table counted (metric text, dimension text, value decimal(18, 6))")


def own(con: duckdb.DuckDBPyConnection, identifier_type: str, query: str) -> None:
    """Add to `owned` the rows of a query of person and identifier; nobody owns a null."""
    con.execute(
        f"insert into owned select distinct person, '{identifier_type}', value::text from ({query}) as found(person, "
        "value) where person >= 0 and value is not null"
    )


def count(con: duckdb.DuckDBPyConnection, metric: str, query: str) -> None:
    """Add to `counted` the rows of a query of dimension and value."""
    con.execute(
        f"insert into counted select '{metric}', dimension, value from ({query}) as found(dimension, value) "
        "where value is not null"
    )


def lines(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] | dict[str, object] = ()) -> str:
    """The text column `line` of a query, one line each, ordered by its column `place`; empty without rows.

    `place` must be unique: it is what makes the bytes the same on every run.
    """
    found = con.execute(
        f"select string_agg(line, chr(10) order by place) || chr(10) from ({query})", parameters
    ).fetchall()
    return found[0][0] or ""


def files(con: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object] | None = None) -> dict[str, str]:
    """The text of each `file` of a query of file, place and line; `place` must be unique within a file."""
    found = con.execute(
        f"select file, string_agg(line, chr(10) order by place) || chr(10) from ({query}) group by file order by file",
        parameters or {},
    ).fetchall()
    return dict(found)


def csv_cell(expression: str) -> str:
    """SQL for one CSV cell, quoted when it holds a comma, a quote or a line end; null is empty."""
    text = f"coalesce(({expression})::varchar, '')"
    quoted = f"'\"' || replace({text}, '\"', '\"\"') || '\"'"
    return f"case when regexp_matches({text}, '[,\"\\n]') then {quoted} else {text} end"


def quoted_cell(expression: str) -> str:
    """SQL for one CSV cell that is always quoted; null is empty."""
    return f"'\"' || replace(coalesce(({expression})::varchar, ''), '\"', '\"\"') || '\"'"


def csv_line(cells: list[str], separator: str = ",") -> str:
    """SQL for a line of already quoted cells."""
    return f" || '{separator}' || ".join(f"({cell})" for cell in cells)
