"""Drawing the lot of an experiment: the same person always gets the same arm, and only the key tells which.

Holds the draw, the file of assignments in the canonical format, and how evenly it fell. Must not be here: the size
of an experiment (`planning`).
"""

from __future__ import annotations

import csv
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from journey_pipeline import csv_cells
from journey_pipeline.dbt_sources import identifier_types

# As staging cleans what is delivered (`clean_identifier`), or a list would name other people than a file.
_DIGITS = "regexp_replace(given, '[^0-9+]', '', 'g')"
_CLEAN = f"""case
    when kind in ('email', 'email_md5', 'email_sha256') then lower(trim(given))
    when kind = 'phone' and {_DIGITS} like '00%' then '+' || substr({_DIGITS}, 3)
    when kind = 'phone' then {_DIGITS}
    when kind = 'order_name' then replace(trim(given), '#', '')
    else trim(given) end"""
HEADER = ["experiment_id", "variant", "identifier_type", "identifier_value", "assigned_at"]


class ListError(ValueError):
    """A list of people cannot be drawn from; the text says where, what was expected, what was found."""


@dataclass(frozen=True)
class Person:
    """One line of a list as delivered, whose line it is, and the customer it belongs to."""

    line: int
    identifier_type: str
    identifier_value: str
    unit: str
    stratum: str


def arm_of(unit: str, experiment_id: str, shares: Mapping[str, float], key: bytes) -> str:
    """The arm of one person: HMAC-SHA256 of experiment and person as a number in [0, 1), laid along the shares."""
    digest = hmac.new(key, f"{experiment_id}:{unit}".encode(), hashlib.sha256).digest()
    place, reached = int.from_bytes(digest[:8]) / 2**64, 0.0
    for arm, share in shares.items():
        reached += share
        if place < reached:
            return arm
    return list(shares)[-1]


def people_in(
    connection: duckdb.DuckDBPyConnection, listed: Path, group: tuple[str, str] | None, strata: str
) -> list[Person]:
    """The people of a list (CSV with identifier_type and identifier_value) that belong to a segment, or all of them.

    The connection sees a warehouse and the function `pseudonym`. `strata` is the set of segments by which the balance
    is told. Whom nobody has seen yet is a person of the list all the same, unless a segment is asked for. Raises
    ListError for a line without a known kind of identifier.
    """
    rows = _read(listed)
    connection.execute("create or replace temp table listed (line integer, kind varchar, given varchar)")
    if rows:
        connection.executemany("insert into listed values (?, ?, ?)", rows)
    asked = "inner join" if group else "left join"
    found = connection.execute(
        f"""
        with told as (
            select listed.*, pseudonym(kind, {_CLEAN}) as hash from listed
        )
        select line, kind, given, coalesce(customer_id, hash::varchar) as unit, coalesce(strata.segment, 'unknown')
        from told
        left join identity.identifiers as identifiers
            on told.kind = identifiers.identifier_type and told.hash = identifiers.identifier_value
        {asked} (select customer_id from journeys.customer_segments where segment_set = $set and segment = $segment)
            as members using (customer_id)
        left join (select customer_id, segment from journeys.customer_segments where segment_set = $strata) as strata
            using (customer_id)
        where not coalesce(identifiers.is_blocked, false)
        order by line
        """,
        {"set": group[0] if group else "", "segment": group[1] if group else "", "strata": strata},
    ).fetchall()
    return [Person(*row) for row in found]


def _read(listed: Path) -> list[tuple[int, str, str]]:
    known = set(identifier_types())
    rows = []
    with listed.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"identifier_type", "identifier_value"} <= set(reader.fieldnames or []):
            raise ListError(
                f"{listed.name}, line 1: expected columns identifier_type and identifier_value, found "
                f"{', '.join(reader.fieldnames or []) or 'none'}"
            )
        for row in reader:
            if row["identifier_type"] not in known or not (row["identifier_value"] or "").strip():
                raise ListError(
                    f"{listed.name}, line {reader.line_num}: expected a kind of identifier such as email and a value; "
                    f"kinds are {', '.join(sorted(known))}"
                )
            rows.append((reader.line_num, row["identifier_type"], row["identifier_value"]))
    return rows


def write_assignments(
    file: Path, people: Sequence[Person], experiment_id: str, shares: Mapping[str, float], key: bytes, at: datetime
) -> dict[str, dict[str, int]]:
    """Write the canonical file, one line per line of the list; returns people by stratum and arm.

    A person on several lines has one arm. Raises FileExistsError: a lot that was drawn is not drawn over.
    """
    counted: dict[str, dict[str, int]] = {}
    seen: set[str] = set()
    with file.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for person in people:
            arm = arm_of(person.unit, experiment_id, shares, key)
            moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
            line = (experiment_id, arm, person.identifier_type, person.identifier_value, moment)
            writer.writerow(map(csv_cells.cell, line))
            if person.unit not in seen:
                seen.add(person.unit)
                arms = counted.setdefault(person.stratum, dict.fromkeys(shares, 0))
                arms[arm] += 1
    return counted
