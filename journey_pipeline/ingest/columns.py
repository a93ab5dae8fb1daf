"""Which delivered header or key is which column of the contract.

Holds the matching by name, shared by all formats. Add here when names need to be matched in a new way.
Must not be here: finding the header in a file, reading values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from journey_pipeline.ingest.contract import Column, Contract, header_key
from journey_pipeline.ingest.faults import Fault, IngestError, shape

UNKNOWN, ABSENT = "unknown columns kept in _extra", "optional columns not delivered"


@dataclass(frozen=True)
class Assignment:
    """Positions of the delivered names: `known` by column name, `unknown` in delivered order."""

    known: dict[str, int] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)


def assign(contract: Contract, headers: Sequence[str]) -> Assignment:
    """Give every header to the first column that claims it and has none yet.

    Raises E_DUPLICATE_COLUMN when a name is delivered more often than the contract has columns for it.
    """
    known: dict[str, int] = {}
    unknown: list[int] = []
    for position, header in enumerate(headers):
        claimants = [column.name for column in contract.columns if column.claims(header)] if header.strip() else []
        free = [name for name in claimants if name not in known]
        if free:
            known[free[0]] = position
        elif claimants:
            raise IngestError(duplicate_column(header, known[claimants[-1]], position))
        else:
            unknown.append(position)
    seen: dict[str, int] = {}
    for position in unknown:
        key = header_key(headers[position])
        if key and key in seen:
            raise IngestError(duplicate_column(headers[position], seen[key], position))
        seen[key] = position
    return Assignment(known, unknown)


def require(contract: Contract, headers: Sequence[str], assignment: Assignment) -> None:
    """Raises E_MISSING_COLUMN, with the nearest unclaimed header, when a column that must be there is not."""
    for column in contract.columns:
        if column.name not in assignment.known and column.must_be_beside(assignment.known):
            raise IngestError(missing_column(column, [headers[position] for position in assignment.unknown]))


def filled(contract: Contract, assignment: Assignment) -> list[str]:
    """The columns of the contract that this file fills, in their order."""
    return [column.name for column in contract.columns if column.is_captured or column.name in assignment.known]


def missing_column(column: Column, unclaimed: Sequence[str]) -> Fault:
    """The fault of a column that is not there."""
    expected = displayed(column)
    by_key = {header_key(header): header for header in unclaimed if header.strip()}
    near = difflib.get_close_matches(header_key(expected), list(by_key), n=1, cutoff=0.3)
    found = f"nearest header: {safe_name(by_key[near[0]])}" if near else "no similar header"
    return Fault(
        "E_MISSING_COLUMN",
        "export the column, or add the new header to sourceHeader in the contract",
        f"a column named {expected}",
        found,
        column=column.name,
    )


def duplicate_column(header: str, first: int, second: int) -> Fault:
    """The fault of a name delivered twice."""
    return Fault(
        "E_DUPLICATE_COLUMN",
        "remove one of the two columns, or declare both in the contract",
        "each column once",
        f"{safe_name(header)} at positions {first + 1} and {second + 1}",
        column=safe_name(header),
    )


def displayed(column: Column) -> str:
    """The header a person would look for."""
    return column.custom.sourceHeader[0] if column.custom.sourceHeader else column.name


def safe_name(header: str) -> str:
    """A header as it may be printed: itself when it looks like a name, its shape when it may be data."""
    plain = re.fullmatch(r"[\w #.,:()/%?'{}&-]{1,80}", header) is not None
    return header if plain and not re.search(r"\d{6,}", header) else shape(header)


def warnings_of(contract: Contract, headers: Sequence[str], assignment: Assignment) -> list[str]:
    """What the reader should know although the file is accepted."""
    unknown = [safe_name(headers[position]) for position in assignment.unknown if headers[position].strip()]
    absent = [name for name in contract.delivered_columns if name not in assignment.known]
    result = [f"{UNKNOWN}: {', '.join(unknown)}"] if unknown else []
    if absent and "jsonl" not in contract.ingest.format.type:
        result.append(f"{ABSENT}: {', '.join(absent)}")
    return result
