"""One module per vendor: the world's tables in, files in that vendor's own format out.

Add a module per vendor with one function `write(con, delivery, ...)`, and call it in `world.generate`. Here
is only what every writer shares: putting bytes under the inbox and counting them. Must not be here: a draw.
"""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

GZIP_LEVEL = 4  # measured: half the time of level 6 for a tenth more bytes


@dataclass
class Delivery:
    """Files written below one folder, with their sizes by path relative to it."""

    folder: Path
    sizes: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, content: bytes) -> None:
        """Write one file; a name ending in `.gz` is compressed, without a time stamp in its header."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = gzip.compress(content, GZIP_LEVEL, mtime=0) if name.endswith(".gz") else content
        path.write_bytes(data)
        self.sizes[name] = len(data)

    def write_text(self, name: str, text: str) -> None:
        """Write one UTF-8 file; an empty text is no file, as an export without rows is never sent."""
        if text:
            self.write(name, text.encode())


def lines(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] | dict[str, object] = ()) -> str:
    """The text column `line` of a query, one line each, ordered by its column `place`; empty without rows.

    `place` must be unique: it is what makes the bytes the same on every run.
    """
    found = con.execute(
        f"select string_agg(line, chr(10) order by place) || chr(10) from ({query})", parameters
    ).fetchall()
    return found[0][0] or ""


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
