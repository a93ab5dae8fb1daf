"""The lines of a decoded text, read by Python for counting and for faults only.

Holds what formats of one record per line share. Must not be here: anything about what a line says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from journey_pipeline.ingest.faults import Fault


@dataclass(frozen=True)
class Lines:
    """Records are the lines that are not blank, numbered from 1."""

    path: Path

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Physical line number and text of each record."""
        with self.path.open(encoding="utf-8", newline="\n") as body:
            for number, line in enumerate(body, start=1):
                if line.strip():
                    yield number, line

    def count(self) -> int:
        """How many records there are."""
        return sum(1 for _ in self.numbered())

    def lines_of(self, numbers: Iterable[int]) -> dict[int, int]:
        """Physical lines by record number."""
        wanted = set(numbers)
        return {record: line for record, (line, _) in enumerate(self.numbered(), start=1) if record in wanted}

    def diagnose(self) -> Fault | None:
        """The first line that cannot be a record: control characters are no text."""
        for record, (number, line) in enumerate(self.numbered(), start=1):
            if "\x01" in line:
                fix = "export the file again; a text file holds no control characters"
                return Fault("E_CSV", fix, "text", "a control character", record, number)
        return None
