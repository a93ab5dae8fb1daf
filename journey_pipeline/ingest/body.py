"""What every format reader hands to the landing: a query over the raw rows, and how to explain its failures.

Holds the shared result type. Add a field here only when all formats can fill it.
Must not be here: anything about one format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from journey_pipeline.ingest.faults import Fault


@dataclass(frozen=True)
class Body:
    """The records of one file, not read yet.

    `select` yields the contract's columns as VARCHAR and `_extra`, in file order; `columns` are those of them that the
    file has, the others are null in every record.
    `records` counts the records without the parser that runs `select`; `recount` does so more slowly and
    more exactly. `footer_lines` were cut off as no data. `lines_of` gives physical lines for record numbers;
    `diagnose` says why `select` failed; `checked` waits for what is looked at beside it and raises what that finds.
    """

    select: str
    columns: list[str]
    records: int
    recount: Callable[[], int]
    diagnose: Callable[[], Fault | None]
    lines_of: Callable[[Iterable[int]], dict[int, int]]
    encoding: str | None = None
    delimiter: str | None = None
    preamble: str | None = None
    footer_lines: int = 0
    warnings: list[str] = field(default_factory=list)
    is_text: bool = False
    checked: Callable[[], None] = lambda: None
