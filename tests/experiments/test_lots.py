"""The lot: who is drawn from a list, and that nobody's arm depends on anything but the person, experiment and key."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import pseudonyms
from journey_pipeline.experiments.lots import HEADER, ListError, Person, arm_of, people_in, write_assignments

KEY = b"a key only of tests"
SHARES = {"control": 0.5, "mail": 0.5}


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """One customer with two addresses, one in another segment, a mailbox that is nobody."""
    connection = duckdb.connect()
    pseudonyms.add_function(connection, KEY)
    connection.execute("""
        create schema identity; create schema journeys;
        create table identity.identifiers as
            select 'email' as identifier_type, pseudonym('email', mail) as identifier_value, customer as customer_id,
                customer is null as is_blocked
            from (values ('a@example.com', 'cus_a'), ('a2@example.com', 'cus_a'), ('b@example.com', 'cus_b'),
                ('box@example.com', null)) as known(mail, customer);
        create table journeys.customer_segments as from (values
            ('cus_a', 'lifecycle', 'new'), ('cus_b', 'lifecycle', 'dormant'))
            as told(customer_id, segment_set, segment);
    """)
    return connection


def listed(folder: Path, *lines: str) -> Path:
    file = folder / "people.csv"
    file.write_text("\n".join(["identifier_type,identifier_value", *lines]) + "\n")
    return file


def test_people_of_a_list_are_found_however_they_are_written(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    mails = (" A@Example.com ", "a2@example.com", "b@example.com", "new@example.com", "box@example.com")
    file = listed(tmp_path, *(f"email,{mail}" for mail in mails))
    everybody = people_in(warehouse, file, None, "lifecycle")
    assert [(one.line, one.stratum) for one in everybody] == [(2, "new"), (3, "new"), (4, "dormant"), (5, "unknown")]
    assert everybody[0].unit == everybody[1].unit == "cus_a"
    only = people_in(warehouse, file, ("lifecycle", "new"), "lifecycle")
    assert [one.line for one in only] == [2, 3]


def test_the_file_is_canonical_and_balance_counts_people(tmp_path: Path) -> None:
    people = [Person(n, "email", f"p{n}@example.com", f"cus_{n // 2}", "new") for n in range(2000)]
    counted = write_assignments(tmp_path / "out.csv", people, "welcome", SHARES, KEY, datetime(2026, 11, 16, 9))
    rows = list(csv.reader((tmp_path / "out.csv").open()))
    assert rows[0] == HEADER and len(rows) == 2001
    assert rows[1][0] == "welcome" and rows[1][2:] == ["email", "p0@example.com", "2026-11-16T09:00:00Z"]
    assert all(one[1] == other[1] for one, other in zip(rows[1::2], rows[2::2], strict=True)), "one person, one arm"
    assert sum(counted["new"].values()) == 1000 and abs(counted["new"]["mail"] - 500) < 60
    with pytest.raises(FileExistsError):
        write_assignments(tmp_path / "out.csv", people, "welcome", SHARES, KEY, datetime(2026, 11, 16, 9))


def test_the_arm_follows_person_experiment_and_key_alone() -> None:
    units = [f"cus_{n}" for n in range(300)]
    drawn = [arm_of(unit, "welcome", SHARES, KEY) for unit in units]
    assert drawn == [arm_of(unit, "welcome", SHARES, KEY) for unit in reversed(units)][::-1]
    assert drawn != [arm_of(unit, "welcome", SHARES, b"another key of tests") for unit in units]
    # Raising a share moves people into the arm and nobody out of it.
    more = [arm_of(unit, "welcome", {"control": 0.7, "mail": 0.3}, KEY) for unit in units]
    assert all(later == "control" for first, later in zip(drawn, more, strict=True) if first == "control")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "mail\na@example.com\n",
            "people.csv, line 1: expected columns identifier_type and identifier_value, found mail",
        ),
        ("identifier_type,identifier_value\nmail,a@example.com\n", "line 2: expected a kind of identifier"),
        ("identifier_type,identifier_value\nemail,\n", "line 2: expected a kind of identifier"),
    ],
)
def test_a_list_that_cannot_be_drawn_from_is_named_without_its_people(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(content)
    with pytest.raises(ListError) as refusal:
        people_in(warehouse, file, None, "lifecycle")
    assert told in str(refusal.value) and "example.com" not in str(refusal.value)
