"""Why a row of the events tables is another one than before: known answers, and what mixing them gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from journey_pipeline.restated_events import KEYS, Restated
from journey_pipeline.settings import DBT_PROJECT, Settings, load

Change = Callable[[duckdb.DuckDBPyConnection], Any]

# What each table holds beside its key, as far as causes ask.
_VALUES = {
    "conversions": "adjusts_conversion_id varchar, status varchar, net_amount decimal(18, 2), ",
    "touchpoints": "channel varchar, ",
    "spend": "cost_amount decimal(18, 2), ",
    "consents": "state varchar, ",
}
_WITHOUT_FILE = {"campaign_handles", "identifier_edges", "profile_attributes"}


def _base(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema raw; create schema events")
    connection.execute(
        "create table raw.source_files (contract varchar, file_id varchar, path varchar, superseded bigint, "
        "period_start timestamp, period_end timestamp)"
    )
    connection.execute("create table raw.service_levels as select 'ads' as contract, 'replace_window' as delivery_mode")
    for table, key in KEYS.items():
        columns = ", ".join(f"{name} varchar" for name in key)
        lineage = "value varchar" if table in _WITHOUT_FILE else "source_file_id varchar, source_row_number bigint"
        connection.execute(f"create table events.{table} ({columns}, {_VALUES.get(table, '')}{lineage})")
    connection.execute("insert into raw.source_files values ('ads', 'f1', 'f1', 0, '2026-10-05', '2026-10-11')")
    connection.execute("insert into events.touchpoints values ('t1', 'email', 'f1', 1), ('t2', 'email', 'f1', 2)")
    connection.execute("insert into events.conversions values ('c1', null, 'paid', 10.00, 'f1', 1)")
    connection.execute("insert into events.spend values ('s1', 100.00, 'f1', 1)")
    connection.execute("insert into events.consents values ('k1', 'granted', 'f1', 1)")
    connection.execute("insert into events.profile_attributes values ('crm', 'email', 'a', 'city', 'Kyiv')")


def _refunded(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("insert into events.conversions values ('r1', 'c1', 'refunded', -4.00, 'f2', 1)")
    connection.execute("update events.conversions set status = 'partly refunded' where conversion_id = 'c1'")


def _delivered_anew(connection: duckdb.DuckDBPyConnection) -> None:
    """A later report of the same days: one row less, one that is new, and the window of the first report replaced."""
    connection.execute("update raw.source_files set superseded = 1")
    connection.execute("insert into raw.source_files values ('ads', 'f2', 'f2', 0, '2026-10-05', '2026-10-18')")
    connection.execute("delete from events.spend")
    connection.execute("insert into events.spend values ('s2', 90.00, 'f2', 1)")


def _sql(text: str) -> Change:
    return lambda connection: connection.execute(text)


CHANGES: dict[str, tuple[Change, dict[str, dict[str, str]]]] = {
    "a late visit": (
        _sql("insert into events.touchpoints values ('t3', 'direct', 'f2', 1)"),
        {"touchpoints": {"t3": "late_data"}},
    ),
    "the same visit told by a later file": (
        _sql("update events.touchpoints set source_file_id = 'f2' where touchpoint_id = 't2'"),
        {"touchpoints": {"t2": "told_again"}},
    ),
    "another channel": (
        _sql("update events.touchpoints set channel = 'direct' where touchpoint_id = 't1'"),
        {"touchpoints": {"t1": "corrected_delivery"}},
    ),
    "a visit withdrawn": (
        _sql("delete from events.touchpoints where touchpoint_id = 't2'"),
        {"touchpoints": {"t2": "corrected_delivery"}},
    ),
    "a report delivered anew": (
        _delivered_anew,
        {"spend": {"s1": "corrected_delivery", "s2": "corrected_delivery"}},
    ),
    "a refund": (_refunded, {"conversions": {"c1": "refund", "r1": "refund"}}),
    "an order paid at last": (
        _sql("update events.conversions set status = 'pending'"),
        {"conversions": {"c1": "corrected_delivery"}},
    ),
    "a new pair of identifiers": (
        _sql("insert into events.identifier_edges values ('crm', 'email', 'a', 'phone', 'b', 'login', 'x')"),
        {"identifier_edges": {"crm": "identity_change"}},
    ),
    "a consent withdrawn": (
        _sql("insert into events.consents values ('k2', 'denied', 'f2', 1)"),
        {"consents": {"k2": "consent"}},
    ),
    "one city more": (
        _sql("insert into events.profile_attributes values ('crm', 'email', 'a', 'city', 'Lviv')"),
        {"profile_attributes": {"crm": "corrected_delivery"}},
    ),
    "nothing": (lambda _: None, {}),
}


def _warehouse(file: Path, *changes: Change) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        for change in (_base, *changes):
            change(connection)
    return file


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))
    return load(tmp_path)


def _causes(folder: Path) -> dict[str, dict[str, str]]:
    with duckdb.connect(str(folder / "causes.duckdb"), read_only=True) as connection:
        told = {
            table: dict(connection.execute(f"select {key[0]}, cause from {table}").fetchall())
            for table, key in KEYS.items()
        }
    return {table: causes for table, causes in told.items() if causes}


def _rows(file: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return {table: connection.execute(f"from events.{table} order by all").fetchall() for table in KEYS}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_has_the_cause_it_has(settings: Settings, tmp_path: Path, name: str) -> None:
    change, expected = CHANGES[name]
    before, after = _warehouse(tmp_path / "before.duckdb"), _warehouse(tmp_path / "after.duckdb", change)
    restated = Restated(settings, tmp_path, before, after)
    assert _causes(tmp_path) == expected
    told = {cause for causes in expected.values() for cause in causes.values()}
    assert set(restated.causes) == told - {"told_again"}


def test_a_new_row_of_a_later_report_of_other_days_is_late_data(settings: Settings, tmp_path: Path) -> None:
    def later(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("insert into raw.source_files values ('ads', 'f2', 'f2', 0, '2026-10-12', '2026-10-18')")
        connection.execute("insert into events.spend values ('s2', 90.00, 'f2', 1)")

    Restated(settings, tmp_path, _warehouse(tmp_path / "before.duckdb"), _warehouse(tmp_path / "after.duckdb", later))
    assert _causes(tmp_path) == {"spend": {"s2": "late_data"}}


def test_causes_come_about_one_after_another_and_in_the_end_everything_is_as_it_is_now(
    settings: Settings, tmp_path: Path
) -> None:
    again = CHANGES["the same visit told by a later file"][0]
    names = ["a late visit", "another channel", "a refund", "a consent withdrawn", "a new pair of identifiers"]
    changes = [CHANGES[name][0] for name in names]
    before, after = _warehouse(tmp_path / "before.duckdb"), _warehouse(tmp_path / "after.duckdb", again, *changes)
    restated = Restated(settings, tmp_path, before, after)
    assert restated.causes == ["late_data", "corrected_delivery", "identity_change", "refund", "consent"]

    def mixed(causes: list[str]) -> dict[str, list[Any]]:
        file = tmp_path / "mixed.duckdb"
        file.write_bytes(after.read_bytes())
        restated.write_mixed(file, causes)
        return _rows(file)

    # With nothing come about there is only what a later file told again.
    assert mixed([]) == _rows(_warehouse(tmp_path / "again" / "after.duckdb", again))
    assert mixed(restated.causes) == _rows(after)
    # In order: with the first two causes come about, the tables of the other three are as they were.
    order = [CHANGES[name][0] for name in names[:2]]
    assert mixed(restated.causes[:2]) == _rows(_warehouse(tmp_path / "two" / "after.duckdb", again, *order))
    assert mixed(["refund"]) == _rows(_warehouse(tmp_path / "refund" / "after.duckdb", again, _refunded))


def test_every_events_table_says_what_tells_its_rows_apart() -> None:
    assert {file.stem for file in (DBT_PROJECT / "models" / "events").glob("*.sql")} == set(KEYS)
