"""What can be wrong with a delivered file, said without repeating personal values.

Holds the fault value, the exception that carries it and the mask that turns a cell into a shape.
Add here when a new kind of fault needs a new field; a new code needs only a new string where it is found.
Must not be here: the checks themselves, or anything that reads a file.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

SHAPE_CHARACTERS = 32


@dataclass(frozen=True)
class Fault:
    """One reason why a file or a row is not accepted.

    `record` counts data records from 1, `line` counts physical lines of the decoded file from 1.
    `found` is always a shape or a structural fact, never a cell value.
    """

    code: str
    fix: str
    expected: str | None = None
    found: str | None = None
    record: int | None = None
    line: int | None = None
    column: str | None = None
    contract: str | None = None
    file: str | None = None
    sha256: str | None = None

    def within(self, *, contract: str | None = None, file: str | None = None, sha256: str | None = None) -> Fault:
        """The same fault with the place it was found filled in where it is still unknown."""
        return replace(
            self,
            contract=self.contract or contract,
            file=self.file or file,
            sha256=self.sha256 or sha256,
        )

    def as_dict(self) -> dict[str, Any]:
        """Fields that are set, for the ledger and for reason.json."""
        return {key: value for key, value in self.__dict__.items() if value is not None}

    def __str__(self) -> str:
        shown = [
            ("contract", self.contract),
            ("file", safe_path(self.file) if self.file else None),
            ("sha256", self.sha256[:12] if self.sha256 else None),
            ("record", self.record),
            ("line", self.line),
            ("column", self.column),
            ("expected", self.expected),
            ("found", self.found),
            ("fix", self.fix),
        ]
        return " ".join([self.code, *(f"{key}={_quoted(value)}" for key, value in shown if value is not None)])


class IngestError(Exception):
    """A file cannot be taken; `fault` says why and what to do."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def shape(value: str) -> str:
    """Mask a value: letters become `a` or `A`, digits `9`, the rest stays; with the length.

    >>> shape("Maya@x.org")
    '"Aaaa@a.aaa", 10 chars'
    """
    masked = "".join(_masked(character) for character in value[:SHAPE_CHARACTERS])
    ellipsis = "…" if len(value) > SHAPE_CHARACTERS else ""
    return f'"{masked}{ellipsis}", {len(value)} chars'


def shape_sql(expression: str) -> str:
    """The same mask as `shape`, computed by DuckDB so that the value never leaves it."""
    masked = f"left({expression}, {SHAPE_CHARACTERS})"
    for pattern, mask in (
        (r"\p{Lu}", "A"),
        (r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{M}]", "a"),
        (r"\p{N}", "9"),
        (r"[\s\p{Z}]", " "),
        (r"\p{C}", "?"),
    ):
        masked = f"regexp_replace({masked}, '{pattern}', '{mask}', 'g')"
    ellipsis = f"case when length({expression}) > {SHAPE_CHARACTERS} then '…' else '' end"
    return f"""'"' || {masked} || {ellipsis} || '", ' || length({expression}) || ' chars'"""


def _masked(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Lu":
        return "A"
    if character.isspace():
        return " "
    return {"L": "a", "M": "a", "N": "9", "C": "?"}.get(category[0], character)


# An address may be percent-encoded, as in a name made from a link.
_ADDRESS = re.compile(r"[^\s/\\@,;:()<>\"']+(?:@|%40)[^\s/\\@,;:()<>\"']+", re.IGNORECASE)


def safe_path(path: object) -> str:
    """A path as it may be printed: on one line, without control characters, mail addresses masked.

    >>> safe_path("typeform/responses of maya@example.com.csv")
    'typeform/responses of aaaa@aaaaaaa.aaa.aaa'
    """
    masked = _ADDRESS.sub(lambda found: "".join(_masked(character) for character in found[0]), str(path))
    return _quoted(masked)


def _quoted(value: object) -> str:
    """Text that cannot break the line it is printed on (a file name may hold a newline)."""
    text = str(value)
    return text if text.isprintable() else json.dumps(text)
