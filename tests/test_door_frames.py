"""The SQL behind the two doors counts what it says: each rule on a table that breaks it, and on nothing else."""

from __future__ import annotations

import duckdb
import pytest

from journey_pipeline import door_frames
from journey_pipeline.expectations import MARTS_DOOR, RAW_DOOR
from journey_pipeline.ingest import load_contracts

CONTRACT = "typeform__responses"


@pytest.fixture
def delivered() -> duckdb.DuckDBPyConnection:
    """Two current records of one file, and one that another file replaced."""
    contract = load_contracts()[CONTRACT]
    columns = ", ".join(f'"{column.name}" varchar' for column in contract.columns)
    connection = duckdb.connect()
    connection.execute(
        f"""
        create schema raw;
        create table raw."{CONTRACT}" ({columns}, _is_current boolean, _file_id varchar);
        create table raw.source_files as select '{CONTRACT}' as contract, o as outcome, 4 as records, a as accepted,
            q as quarantined, d as dropped, e as erased
            from (values ('loaded', 2, 1, 0, 1), ('superseded', 2, 1, 1, 0), ('quarantined', 0, 0, 0, 0))
                as t(o, a, q, d, e)
        """
    )
    filled = ", ".join(f'"{column.name}"' for column in contract.columns)
    texts = ", ".join("'x'" for _ in contract.columns)
    for key, is_current in (("1", True), ("2", True), ("1", False)):
        connection.execute(
            f"""insert into raw."{CONTRACT}" ({filled}, _is_current, _file_id) select {texts}, ?, 'f'""", [is_current]
        )
        connection.execute(f"""update raw."{CONTRACT}" set response_id = ? where response_id = 'x'""", [key])
    return connection


def broken_at_raw(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    (row,) = door_frames.raw(connection, {CONTRACT: load_contracts()[CONTRACT]}).to_dict("records")
    return {rule: int(row[rule]) for rule in RAW_DOOR if row[rule]}


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ("update raw.source_files set accepted = 1 where outcome = 'loaded'", {"unaccounted_records": 1}),
        ("update raw.source_files set erased = 0 where outcome = 'loaded'", {"unaccounted_records": 1}),
        ("update raw.source_files set dropped = 3 where outcome = 'superseded'", {"unaccounted_records": 2}),
        # One file too many does not make up for one too few.
        (
            "update raw.source_files set accepted = accepted + if(outcome = 'loaded', 1, -1) where accepted > 0",
            {"unaccounted_records": 2},
        ),
        (f'update raw."{CONTRACT}" set start_date = null where _is_current', {"missing_required": 2}),
        (f'update raw."{CONTRACT}" set start_date = null where not _is_current', {}),
        (f"update raw.\"{CONTRACT}\" set response_id = '2'", {"duplicate_keys": 1}),
    ],
)
def test_the_door_of_raw_counts_what_breaks_it(
    delivered: duckdb.DuckDBPyConnection, change: str, counted: dict[str, int]
) -> None:
    assert broken_at_raw(delivered) == {}
    delivered.execute(change)
    assert broken_at_raw(delivered) == counted


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """One table, with a share, an interval and the stamps of a weekly table."""
    monkeypatch.setattr(door_frames, "MART_KEYS", {"coverage": ("week", "source")})
    connection = duckdb.connect()
    connection.execute(
        """
        create schema marts;
        create table marts.coverage as select date '2026-11-09' as week, s as source, 0.5::double as identified_share,
            0.4::double as ci_low, 0.6::double as ci_high,
            timestamp '2026-11-15 23:00' as as_of, '3' as definition_version
            from (values ('ga4'), ('crm')) as t(s)
        """
    )
    return connection


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("update marts.coverage set source = null where source = 'crm'", "missing_keys"),
        ("update marts.coverage set source = 'ga4'", "duplicate_keys"),
        ("update marts.coverage set identified_share = 1.01 where source = 'crm'", "shares_outside"),
        ("update marts.coverage set ci_low = 0.7 where source = 'crm'", "crossed_intervals"),
        ("update marts.coverage set definition_version = null where source = 'crm'", "missing_as_of"),
    ],
)
def test_the_door_of_marts_counts_what_breaks_it(shipped: duckdb.DuckDBPyConnection, change: str, rule: str) -> None:
    assert not door_frames.marts(shipped)[list(MARTS_DOOR)].any(axis=None)
    shipped.execute(change)
    (row,) = door_frames.marts(shipped).to_dict("records")
    assert {name: row[name] for name in MARTS_DOOR if row[name]} == {rule: 1}
